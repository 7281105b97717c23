"""Facts about the DataFrames and arrays that a cell uses."""
