"""Logged models and the model registry in the SQL store."""
