"""The crash-safe local log that stands between a training loop and its store.

A writer is one process logging into one run; it has a folder of its own, ``<run id>.<writer id>``:

    events.jsonl        a header that names the owner, then everything but points, one record a line
    names.jsonl         the metric names that the mixed lane speaks of by number
    lane-3.00120.rows   lane 3 from row 120 on: rows of fixed width, in shared memory with the file
    spool/              files on their way to the artifact store

What ``log`` has written is in the page cache when it returns, so it outlives the process, however that dies.
"""
