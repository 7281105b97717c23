"""The live views, one kind a module."""
