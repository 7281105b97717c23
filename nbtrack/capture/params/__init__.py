"""Params that a cell sets without being told to log them."""
