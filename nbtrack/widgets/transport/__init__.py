"""The way of a view's messages to the browser and back."""
