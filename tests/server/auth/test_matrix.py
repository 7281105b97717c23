"""Every endpoint of the table, asked by everybody: who may is what its rule says."""

import json
import re

import pytest

from nbtrack.server.auth.guarded_artifacts import GuardedArtifacts
from nbtrack.server.auth.guarded_logged_models import GuardedLoggedModels, GuardedTraces
from nbtrack.server.auth.guarded_model_registry import GuardedModelRegistry
from nbtrack.server.auth.guarded_store import GuardedStore
from nbtrack.server.auth.rules import RULES
from nbtrack.store.artifacts.protocol import ArtifactStore
from nbtrack.store.mlflow_api.table import ENDPOINTS
from nbtrack.store.mlflow_api.users import ENDPOINTS as OF_USERS
from nbtrack.store.protocol.logged_models import LoggedModels
from nbtrack.store.protocol.model_registry import Registry
from nbtrack.store.protocol.store import Store
from nbtrack.store.protocol.traces import Traces

from .conftest import GRANTED
from .examples import EXAMPLES

SERVED = [*ENDPOINTS, *OF_USERS]
# Who may, by the rule; a search is everybody's.
ALLOWED = {
    "ANYBODY": {None, *GRANTED},
    "USER": {*GRANTED},
    "FOUND": {*GRANTED},
    "READ": {"reader", "editor", "manager", "admin"},
    "EDIT": {"editor", "manager", "admin"},
    "MANAGE": {"manager", "admin"},
    "SELF": {"outsider", "admin"},  # the examples are about the outsider
    "ADMIN": {"admin"},
}
NOT_DONE = {501}  # what LocalArtifacts cannot do: test_files asks a store that can


def test_every_endpoint_has_a_rule_and_an_example():
    names = {each.name for each in SERVED}
    assert names == set(RULES)
    assert names == set(EXAMPLES)


@pytest.mark.parametrize(
    "view, protocol",
    [
        (GuardedStore, Store),
        (GuardedModelRegistry, Registry),
        (GuardedLoggedModels, LoggedModels),
        (GuardedTraces, Traces),
        (GuardedArtifacts, ArtifactStore),
    ],
)
def test_every_method_of_a_protocol_has_a_rule(view, protocol):
    methods = {name for name, value in vars(protocol).items() if callable(value) and not name.startswith("_")}
    assert methods - set(vars(view)) == set()


def send(asking, endpoint, base, fields):
    path = base + re.sub(r"\{(\w+)(?::path)?\}", lambda found: str(fields[found[1]]), endpoint.path)
    fields = {name: value for name, value in fields.items() if name not in endpoint.variables}
    if endpoint.method == "GET" or endpoint.raw:
        return asking.request(endpoint.method, path, b"content" if endpoint.raw else b"", query=fields)
    return asking.request(endpoint.method, path, json.dumps(fields).encode(), headers={"content-type": "application/json"})


@pytest.mark.parametrize("endpoint", SERVED, ids=lambda each: f"{each.method}-{each.name}-{each.bases[0][1:-1]}")
def test_who_may(endpoint, ask, store):
    example = json.loads(json.dumps(EXAMPLES[endpoint.name]).replace("THE MODEL", store.logged_model))
    if endpoint.name == "restore_experiment":
        store.delete_experiment("1")
    allowed = ALLOWED[RULES[endpoint.name]] | ({"manager"} if endpoint.name == "get_user_permission" else set())
    # Those who may not come first: what they ask for must still be there for those who may.
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


def test_an_endpoint_without_a_rule_is_refused_to_everybody(ask, monkeypatch):
    monkeypatch.delitem(RULES, "get_experiment")
    assert ask("admin").get("experiments/get", experiment_id="1").status == 403
