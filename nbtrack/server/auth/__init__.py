"""Users of a server, their passwords and tokens, and their permissions on experiments and registered models.

``admission`` admits a request: ``authentication`` finds its user, ``access`` what this user may do. The handler then works with a
store, registries and artifacts that check every call (``guarded_…``), for MLflow's API and nbtrack's own protocol alike. Each
``Route`` states the permission that it requires; a route that states none is refused.
"""
