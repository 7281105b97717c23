"""What nbtrack asks of the operating system: files and folders, threads and forks."""
