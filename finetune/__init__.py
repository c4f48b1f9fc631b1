"""Floor 3: fine-tuning the Llama."""
