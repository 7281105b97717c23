"""IPython's kernel: its front end, messages that arrive while a cell runs, and stopping a cell."""
