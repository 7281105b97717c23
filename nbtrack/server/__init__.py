"""The tracking server: MLflow's REST API over a store. A request is decoded, is one call of the store, and is encoded.

It keeps nothing between requests, so any number of processes and machines may serve one store. The server sees stores, never
runs; ``store.mlflow_api`` has the endpoints and messages, the modules here what each of them does.
"""
