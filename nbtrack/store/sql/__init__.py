"""SQL databases as stores."""
