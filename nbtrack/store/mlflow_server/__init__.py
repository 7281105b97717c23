"""The store protocol over the REST API of any MLflow tracking server.

What MLflow has no place for is kept in tags that begin with ``nbtrack.`` (``reserved_tags``), which ``Store.tags`` leaves out,
and in artifacts below ``nbtrack/`` (``documents``). MLflow's own pages and clients see everything else as usual:

- A run has MLflow's id if the server was available when the run started (``MlflowServerStore.reserve``). A run that started
  while it was unavailable keeps its own id in a tag and is found by both ids (``runs``).
- A param is stored as a string and its type in a tag (``params``). Names that MLflow refuses are escaped (``name_escapes``).
- MLflow stores equal points once, so points that are sent again after a crash do no harm. A writer's progress is a tag of the
  run, in the same request as the rows that it counts; MLflow writes tags last (``batches``).
- MLflow stores only the last point of a metric beside its history. All other statistics are computed from the history when they
  are needed (``summaries``), and filters that MLflow cannot evaluate are evaluated here on pages of runs (``search``).

Users are warned once of what MLflow cannot store: strings beyond its limits, and the former value of a param. Times before 1970
and checksums of files are lost. ``apply`` is not atomic: what was sent stays sent, and is not counted twice.
"""
