"""Metric points in the SQL store: chunks, summaries and histories."""
