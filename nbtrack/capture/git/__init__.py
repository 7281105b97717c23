"""The commit, branch and diff of the code that runs."""
