"""Where the files that runs log live."""
