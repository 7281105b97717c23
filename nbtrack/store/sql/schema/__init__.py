"""The tables of the SQL store, and their migration."""
