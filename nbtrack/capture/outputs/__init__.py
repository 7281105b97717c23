"""What a cell prints, displays and raises."""
