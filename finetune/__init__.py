"""Floor 3: teaching the Llama."""
