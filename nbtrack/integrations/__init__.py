"""Other programs' ways to nbtrack, one file each."""
