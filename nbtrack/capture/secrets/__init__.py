"""Detects and redacts secrets in whatever is recorded."""
