"""What a notebook shows: static displays."""
