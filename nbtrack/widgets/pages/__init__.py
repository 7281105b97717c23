"""What stays in a saved notebook: pages without script, and the text and pictures beside them."""
