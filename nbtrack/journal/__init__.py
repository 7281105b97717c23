"""The crash-safe local log that stands between a training loop and its store."""
