"""The crash-safe local log between a training loop and its store.

A writer is one process logging into one run. It has a folder of its own, ``<run id>.<writer id>``:

    events.jsonl        a header that names the owner, then everything but points, one record a line
    names.jsonl         the metric names to which the mixed lane refers by number
    lane-3.00120.rows   lane 3 from row 120 on: rows of fixed width, a file in shared memory
    spool/              files on their way to the artifact store

What ``log`` wrote is in the page cache when it returns, so it survives the death of the process.
"""
