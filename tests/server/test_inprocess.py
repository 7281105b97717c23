"""The server's endpoints without a socket."""

from __future__ import annotations

import json

from nbtrack.server.inprocess import InProcess
from nbtrack.server.service import Service
from nbtrack.store.artifacts.local import LocalArtifacts

from ..store.building import direct, started


def test_endpoints_answer_as_over_http(store, server, tmp_path):
    here = InProcess(Service(store, LocalArtifacts(tmp_path), serves_artifacts=False))

    def ask(method, path, **fields):
        status, content = here.answer(method, f"/api/2.0/mlflow/{path}", json.dumps(fields))
        return status, json.loads(content)

    store.apply([direct("r1", started())])
    assert ask("POST", "registered-models/create", name="m")[0] == 200
    assert ask("GET", "registered-models/get", name="m") == (200, server.get("registered-models/get", name="m").json)
    order = ["name DESC", "last_updated_timestamp ASC"]
    found = ask("GET", "registered-models/search", order_by=order, max_results=5)
    assert found == (200, server.get("registered-models/search", order_by=order, max_results=5).json)
    assert ask("GET", "logged-models/m-none") == (404, server.get("logged-models/m-none").json)
    assert ask("GET", "runs/get", run_id="r1") == (200, server.get("runs/get", run_id="r1").json)
    assert ask("PATCH", "registered-models/update", name="none")[1]["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert ask("GET", "nowhere")[1]["error_code"] == "ENDPOINT_NOT_FOUND"
    assert here.answer("POST", "/api/2.0/mlflow/registered-models/create", None)[0] == 400
