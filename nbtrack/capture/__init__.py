"""What a tracked cell records without being asked: functions from a context to data."""
