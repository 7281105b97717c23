"""The store protocol over any MLflow tracking server, by its REST API.

What nbtrack knows and MLflow has no place for is kept in tags that begin with ``nbtrack.`` (``marks``), which the store's own
``tags`` leave out, and in artifacts below ``nbtrack/`` (``documents``). MLflow's own pages and clients see the rest as usual:

- A run's id is MLflow's if the server was available when the run started (``MlflowServerStore.reserve``). A run that started
  while it was unavailable keeps its own id in a tag and is found by both ids (``runs``).
- A param is its text; its type is in a tag (``params``). Names that MLflow refuses are escaped (``names``).
- MLflow keeps equal points once, so what is sent again after a crash does no harm. How far a writer has come is a tag of the
  run, sent in the same request as what it counts, which MLflow writes last (``writes``).
- MLflow keeps of a metric the last point only; all other statistics are computed from its history when they are asked for
  (``summaries``), and filters that MLflow cannot evaluate are evaluated here, on pages of runs (``search``).

What MLflow cannot keep is said once: times before 1970, texts beyond its limits, checksums of files, a param's former value.
``apply`` is not atomic here: what was sent stays sent, and is not counted twice.
"""
