"""Runs as a user meets them: trackers, runs, metrics, artifacts and models."""
