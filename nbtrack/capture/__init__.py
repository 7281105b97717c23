"""What is recorded about a run without being asked for: data in, data out."""
