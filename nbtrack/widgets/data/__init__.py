"""What live views and static HTML draw, as plain data."""
