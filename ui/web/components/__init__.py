"""What several views of the page draw."""
