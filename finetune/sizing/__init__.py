"""What training costs: tokens and memory."""
