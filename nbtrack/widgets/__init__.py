"""What a notebook shows: live views while the kernel runs, and the pages that stay in the saved file."""
