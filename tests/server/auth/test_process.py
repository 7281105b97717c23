"""A server process with users: the command line, MLflow's clients and nbtrack's."""

import io
import json
import urllib.error
import urllib.request

import pytest

import nbtrack
from nbtrack.cli import main
from nbtrack.errors import AccessDenied

from ...mlflow_client.programs import run_program
from ..test_process import serving

ADMIN = "an administrator's password"


@pytest.fixture
def users(tmp_path, monkeypatch, capsys):
    """Return the command line of users, which reads a line of standard input and gives (status, what it said)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, said=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        status = main(["users", "--store", "sqlite:///runs.db", *arguments])
        told = capsys.readouterr()
        return status, (told.out + told.err).strip()

    return run


def test_users_are_added_changed_and_removed(users):
    assert users("add", "ada", "--admin", said="long enough\n") == (0, "ada may use the server, and do everything")
    assert users("add", "bob", said="short\n") == (2, "nbtrack: Invalid password: it must have 8 to 1024 characters")
    assert users("add", "bob", said="long enough\n")[0] == 0
    assert users("list") == (0, "ada  (administrator)\nbob")
    assert users("password", "bob", said="longer than that\n") == (0, "bob has another password")
    assert users("password", "nobody", said="longer than that\n")[0] == 2
    status, token = users("token", "create", "bob", "ci")
    assert (status, token[:4], len(token)) == (0, "nbt_", 47)
    assert users("token", "list", "bob")[1].startswith("ci  since 20")
    assert users("token", "revoke", "bob", "ci") == (0, "the token ci of bob is revoked")
    assert users("token", "list", "bob") == (0, "")
    assert users("remove", "bob") == (0, "bob is removed")
    assert users("remove", "ada")[0] == 2
    assert users("list") == (0, "ada  (administrator)")


# MLflow's own client of users, and its tracking client as two of them.
PROGRAM = """
import json, os, sys, mlflow
from mlflow.exceptions import MlflowException
from mlflow.server.auth.client import AuthServiceClient

def become(name, password):
    os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = name, password

uri, admin = os.environ["MLFLOW_TRACKING_URI"], sys.argv[1]
become("admin", admin)
users = AuthServiceClient(uri)
made = users.create_user("ada", "the password of ada")
users.create_user("bob", "the password of bob")
users.update_user_admin("bob", True)
users.update_user_admin("bob", False)
users.update_user_password("bob", "another password of bob")

become("ada", "the password of ada")
experiment = mlflow.set_experiment("of ada").experiment_id
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "a.txt")

become("bob", "another password of bob")

read = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt")
def refused():
    try:
        mlflow.MlflowClient().log_metric(run.info.run_id, "loss", 1)
    except MlflowException as error:
        return error.error_code
before = refused()
become("ada", "the password of ada")
users.grant_user_permission("bob", "experiment", experiment, "EDIT")
found = users.get_user_permission("bob", "experiment", experiment)
become("bob", "another password of bob")
after = refused()
become("admin", admin)
users.revoke_user_permission("bob", "experiment", experiment)
users.delete_user("bob")
for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
    del os.environ[name]
try:
    mlflow.get_run(run.info.run_id)
    stranger = None
except MlflowException as error:
    stranger = error.error_code
os.environ["MLFLOW_TRACKING_TOKEN"] = sys.argv[2]
print(json.dumps([made.username, made.is_admin, read, before, found.permission, after, stranger,
                  mlflow.get_run(run.info.run_id).data.metrics, run.info.run_id]))
"""


@pytest.mark.slow
def test_mlflows_clients_and_nbtracks_obey_permissions(tmp_path, users, monkeypatch):
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NBTRACK_ADMIN_PASSWORD", ADMIN)
    with serving(tmp_path, "--auth") as (process, url):
        assert users("add", "carol", said="the password of carol\n")[0] == 0
        token = users("token", "create", "carol", "test")[1]
        told = run_program(PROGRAM, url, ADMIN, token, cwd=tmp_path)
        run_id = told.pop()
        assert told == ["ada", False, "hello", "PERMISSION_DENIED", "EDIT", None, "UNAUTHENTICATED", {"loss": 1.0}]
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
        nbtrack.connect(url, experiment="of carol")
        with nbtrack.start_run("first"):
            nbtrack.log(loss=0.25)
        assert nbtrack.get_run(run_id).metrics["loss"].last == 1.0
        assert [run.name for run in nbtrack.runs()] == ["first"]
        with pytest.raises(AccessDenied):
            nbtrack.get_run(run_id).delete()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=30)
        assert json.load(refused.value)["error_code"] == "UNAUTHENTICATED"
        refused.value.close()
        process.terminate()
        assert process.wait(30) == 0
        assert process.stderr.read() == "the first administrator is 'admin', the password that of NBTRACK_ADMIN_PASSWORD\n"
