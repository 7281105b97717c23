"""Runs of other trackers, read where they lie: one module a format, each a source for ``copying``."""
