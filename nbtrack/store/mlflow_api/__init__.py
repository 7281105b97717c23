"""MLflow's REST API as one table of endpoints, which the server and the client share.

A row (``Endpoint``) defines the method and path of an endpoint and its request and response, which are subclasses of ``Message``;
``codec`` encodes them as JSON. Each subject has a module with its messages and rows, and ``table.ENDPOINTS`` has all rows.
``errors`` maps error codes to statuses and exceptions, ``limits`` checks what MLflow accepts, ``enums`` reads enumerations and
``page_tokens`` encodes the beginning of a page.

JSON in MLflow's dialect:

- A 64-bit integer is sent as a number and also read from a string: the R client sends every scalar as a string, the Java client
  every integer.
- NaN is the string "NaN". An infinity is sent as the largest float, as MLflow stores it, and also read from "Infinity".
- Fields that are empty or not set are left out, unknown fields are ignored, and null means not set.
- The ids of experiments and the numbers of model versions are strings; an integer is refused.
- ``run_uuid``, the old name of ``run_id``, is read if that is missing.
"""
