"""The live views, one module for each thing that is shown."""
