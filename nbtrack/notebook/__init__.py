"""A notebook's cell as a run: the line that asks for it, and what happens around the cell's body.

The body itself is executed by IPython, untouched: values, tracebacks, ``await`` and other magics are its own.
"""
