"""From a view in the kernel to its model in the browser."""
