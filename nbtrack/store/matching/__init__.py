"""Filters and orders evaluated in Python."""
