"""MLflow's REST dialect, as one table of endpoints that the server and the client read alike.

A row (``Endpoint``) says where an endpoint is, what it is asked with and what it answers; messages are ``Message``s, and
``codec`` turns them into JSON and back. Rows and messages stand by subject in ``experiments``, ``runs``, ``metrics``,
``artifacts`` and ``service``; ``table.ENDPOINTS`` is all of them. ``errors`` has the error codes and their statuses, ``limits``
what MLflow accepts, ``tokens`` where a page begins.

On the wire:

- A 64-bit integer is a number, and is read from a text too; R sends every scalar as a text, Java every integer.
- NaN is the text "NaN"; an infinity goes out as the largest number, as MLflow stores it, and comes in as "Infinity".
- What is not set or empty is left out. What is unknown is passed over. null is not set.
- The ids of experiments and the numbers of model versions are texts; an integer there is refused.
- ``run_uuid`` is the old name of ``run_id`` and read where that is missing.
"""
