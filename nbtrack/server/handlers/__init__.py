"""The handlers of the server's endpoints, by subject."""
