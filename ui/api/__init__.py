"""The HTTP door: OpenAI's protocol."""
