"""What each endpoint of the server does, by subject."""
