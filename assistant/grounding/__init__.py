"""What a reply rests on: evidence, whether it answers, yes or no, citations, and the reply composed of them."""
