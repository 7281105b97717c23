"""The params of a cell: those that it assigns or reads, and those that the user names."""
