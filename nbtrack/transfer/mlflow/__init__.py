"""MLflow's own stores as sources of runs: its SQL database and its folder ``mlruns``."""
