"""Databases of every released schema, as they were made then. None is ever made again: nbtrack must open them as they are."""
