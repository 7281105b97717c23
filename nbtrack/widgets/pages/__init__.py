"""The static output of a saved notebook: HTML without script, text and pictures."""
