"""What a filter means for one entity in memory."""
