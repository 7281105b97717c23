"""Every endpoint, requested by every kind of user, answers those that its access rule allows."""

import json
import re
from dataclasses import replace

import pytest

from nbtrack.server.app import create_app
from nbtrack.server.auth.admission import Admission
from nbtrack.server.auth.guarded_artifacts import GuardedArtifacts
from nbtrack.server.auth.guarded_logged_models import GuardedLoggedModels
from nbtrack.server.auth.guarded_model_registry import GuardedModelRegistry
from nbtrack.server.auth.guarded_store import GuardedStore
from nbtrack.server.auth.guarded_traces import GuardedTraces
from nbtrack.server.handlers.routes import ROUTES
from nbtrack.server.openapi import describer
from nbtrack.server.route import StreamRoute
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.artifacts.protocol import ArtifactStore
from nbtrack.store.mlflow_api.service import OPENAPI
from nbtrack.store.mlflow_api.table import ENDPOINTS
from nbtrack.store.mlflow_api.users import ENDPOINTS as OF_USERS
from nbtrack.store.protocol.logged_models import LoggedModels
from nbtrack.store.protocol.model_registry import Registry
from nbtrack.store.protocol.store import Store
from nbtrack.store.protocol.traces import Traces

from .conftest import GRANTED, As
from .examples import EXAMPLES

# The application itself makes the route of the API's description.
SERVED = [*ROUTES, *Admission.routes, StreamRoute(OPENAPI, describer((), ""), "ANYBODY")]
# Which users may call an endpoint, by its access rule.
ALLOWED = {
    "ANYBODY": {None, *GRANTED},
    "SIGNED_IN": {*GRANTED},
    "SEARCH": {*GRANTED},
    "READ": {"reader", "editor", "manager", "admin"},
    "EDIT": {"editor", "manager", "admin"},
    "MANAGE": {"manager", "admin"},
    "SELF": {"outsider", "admin"},  # the examples are about the outsider
    "ADMIN": {"admin"},
}
NOT_DONE = {501}  # what LocalArtifacts cannot do: test_access has an artifact store that can


def test_every_endpoint_has_an_access_rule_and_an_example():
    endpoints = {*ENDPOINTS, *OF_USERS}
    assert {route.endpoint for route in SERVED} == endpoints
    assert [route for route in SERVED if route.access is None] == []
    assert {each.name for each in endpoints} == set(EXAMPLES)


@pytest.mark.parametrize(
    "guarded, protocol",
    [
        (GuardedStore, Store),
        (GuardedModelRegistry, Registry),
        (GuardedLoggedModels, LoggedModels),
        (GuardedTraces, Traces),
        (GuardedArtifacts, ArtifactStore),
    ],
)
def test_every_method_of_a_protocol_has_a_rule(guarded, protocol):
    methods = {name for name, value in vars(protocol).items() if callable(value) and not name.startswith("_")}
    assert methods - set(vars(guarded)) == set()


def send(asking, endpoint, base, fields):
    path = base + re.sub(r"\{(\w+)(?::path)?\}", lambda found: str(fields[found[1]]), endpoint.path)
    fields = {name: value for name, value in fields.items() if name not in endpoint.variables}
    if endpoint.method == "GET" or endpoint.raw:
        return asking.request(endpoint.method, path, b"content" if endpoint.raw else b"", query=fields)
    return asking.request(endpoint.method, path, json.dumps(fields).encode(), headers={"content-type": "application/json"})


@pytest.mark.parametrize("route", SERVED, ids=lambda each: f"{each.endpoint.name}-{each.endpoint.paths[0]}")
def test_an_endpoint_answers_exactly_the_users_that_its_rule_allows(route, ask, store):
    endpoint = route.endpoint
    example = json.loads(json.dumps(EXAMPLES[endpoint.name]).replace("THE MODEL", store.logged_model))
    if endpoint.name == "restore_experiment":
        store.delete_experiment("1")
    allowed = ALLOWED[route.access] | ({"manager"} if endpoint.name == "get_user_permission" else set())
    # Users without the permission go first: an allowed one may delete what the request is about.
    who = sorted([None, *GRANTED], key=lambda each: each in allowed)
    done = False
    for user in who:
        answer = send(ask(user), endpoint, endpoint.bases[0], example)
        if user is None and user not in allowed:
            assert answer.status == 401, (user, answer.body)
            assert answer.headers["www-authenticate"].startswith("Basic ")
            assert answer.json["error_code"] == "UNAUTHENTICATED"
        elif user not in allowed:
            assert answer.status in {403, *NOT_DONE}, (user, answer.body)
            assert answer.status in NOT_DONE or answer.json["error_code"] == "PERMISSION_DENIED"
        elif not done:
            assert answer.status in {200, *NOT_DONE}, (user, answer.body)
            done = endpoint.method != "GET"
            if endpoint.name == "rename_registered_model":
                return  # what the next ones were granted is now on the other name
        else:
            assert answer.status not in {401, 403, 500}, (user, answer.body)


def test_an_endpoint_without_an_access_rule_is_refused_to_everybody(store, accounts, tmp_path, monkeypatch):
    unruled = [replace(route, access=None) for route in ROUTES if route.endpoint.name == "get_experiment"]
    monkeypatch.setattr("nbtrack.server.app.ROUTES", unruled)
    app = create_app(store, LocalArtifacts(tmp_path / "artifacts"), accounts=accounts)
    for user, status in (("admin", 403), ("reader", 403), (None, 401)):
        assert As(app, user).get("experiments/get", experiment_id="1").status == status
    app.close()
