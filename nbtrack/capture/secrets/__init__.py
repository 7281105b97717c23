"""Finding secrets in what is captured, and removing them."""
