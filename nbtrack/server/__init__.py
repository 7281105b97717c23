"""The tracking server: MLflow's REST API over a store. Each request is decoded, becomes a call of the store, and is encoded.

The server keeps no state between requests, so any number of processes and machines may serve one store. ``store.mlflow_api`` has
the endpoints and messages, ``handlers`` the functions that answer them, and each row of ``handlers.routes`` joins the two.
"""
