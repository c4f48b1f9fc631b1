"""What lies elsewhere, by its URL: sources of products, and copies of a home."""
