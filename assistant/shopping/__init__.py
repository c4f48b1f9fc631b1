"""Shopping: products that fit a need, products side by side, and what a shop's assistant is asked beside them."""
