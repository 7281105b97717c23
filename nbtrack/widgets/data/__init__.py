"""What views and saved pages draw, as plain data."""
