"""The data that a cell reads, described by digest, schema and profile."""
