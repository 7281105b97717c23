"""What every store provides, as protocols."""
