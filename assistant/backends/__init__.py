"""What turns messages into text: llama.cpp, transformers, a server, or a script."""
