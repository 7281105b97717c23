"""A server whose users have different permissions on experiment ``1`` and registered model ``m``, and none on anything else."""

import shutil

import pytest

from nbtrack.entities.events import Batch, RunStarted, TagsSet
from nbtrack.entities.model import LoggedModelStatus
from nbtrack.entities.trace import Assessment, TraceInfo
from nbtrack.server.app import create_app
from nbtrack.server.auth.accounts import Grant, open_accounts
from nbtrack.server.auth.passwords import hash_password, hash_token
from nbtrack.server.auth.permissions import Permission
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.memory import MemoryStore

from ..app_client import AppClient

RUN = "0123456789abcdef0123456789abcdef"
GRANTED = {"outsider": None, "reader": "READ", "editor": "EDIT", "manager": "MANAGE", "admin": None}
PASSWORD = "correct horse battery"


class As(AppClient):
    """Sends requests as one user, with a token unless another header is given."""

    def __init__(self, app, user=None, authorization=None):
        super().__init__(app)
        self.authorization = authorization or (f"Bearer token of {user}" if user else None)

    def request(self, method, path, body=b"", *, query=None, headers=None):
        sent = dict(headers or {})
        if self.authorization:
            sent["authorization"] = self.authorization
        return super().request(method, path, body, query=query, headers=sent)


@pytest.fixture(scope="session")
def users_made_once(tmp_path_factory):
    """A database of users, created once because hashing a password is slow."""
    path = tmp_path_factory.mktemp("users") / "users.db"
    accounts = open_accounts(f"sqlite:///{path}")
    hashed = hash_password(PASSWORD)
    for name, permission in GRANTED.items():
        user = accounts.users.add(name, hashed, is_admin=name == "admin")
        accounts.tokens.add(name, "test", hash_token(f"token of {name}"))
        if permission:
            for kind, resource in (("experiment", "1"), ("registered_model", "m")):
                accounts.grants.set(user.id, Grant(kind, resource, Permission[permission]))
    accounts.close()
    return path


@pytest.fixture
def accounts(users_made_once, tmp_path):
    found = open_accounts(f"sqlite:///{shutil.copy(users_made_once, tmp_path / 'users.db')}")
    yield found
    found.close()


@pytest.fixture
def store():
    """A store with an experiment of everything, and one of which nobody was granted anything."""
    store = MemoryStore("mlflow-artifacts:")
    store.create_experiment("one", tags={"t": "v"})
    store.create_experiment("two")
    store.apply([Batch(RUN, "", events=(RunStarted("", "run", 1, experiment_id="1"), TagsSet({"t": "v"})))])
    model = store.models.create("1", name="logged", source_run_id=RUN, tags={"t": "v"})
    store.models.finalize(model.id, LoggedModelStatus.READY)
    store.registry.create_model("m", tags={"t": "v"})
    location = f"mlflow-artifacts:/1/{RUN}/artifacts/model"
    store.registry.create_version("m", f"runs:/{RUN}/model", location=location, run_id=RUN, tags={"t": "v"})
    store.registry.set_alias("m", "best", 1)
    store.traces.start(TraceInfo("tr-1", "1", 1, tags={"t": "v"}))
    body = '{"assessment_id": "a-1", "assessment_name": "good", "trace_id": "tr-1", "create_time": "2026-11-25T22:00:00Z"}'
    store.traces.assess("tr-1", Assessment("a-1", "good", 1, 1, body))
    store.logged_model = model.id
    return store


@pytest.fixture
def app(store, accounts, tmp_path):
    folder = tmp_path / "artifacts" / "1" / RUN / "artifacts"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "model").mkdir()
    (folder / "model" / "a.txt").write_text("a")
    spans = tmp_path / "artifacts" / "1" / "traces" / "tr-1" / "artifacts"
    spans.mkdir(parents=True)
    (spans / "traces.json").write_text('{"spans": []}')
    model = tmp_path / "artifacts" / "1" / "models" / store.logged_model / "artifacts"
    model.mkdir(parents=True)
    (model / "a.txt").write_text("a")
    files = LocalArtifacts(tmp_path / "artifacts")
    app = create_app(store, files, version="0", accounts=accounts, default=Permission.NO_PERMISSIONS)
    yield app
    app.close()


@pytest.fixture
def ask(app):
    """Return a function that returns a client of the server for a user."""
    return lambda user=None, authorization=None: As(app, user, authorization)
