"""Whole notebooks, as nbclient, nbconvert and papermill execute them, and kernels that end in the middle."""

import sqlite3
import subprocess
import sys
import zlib

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from .kernel import Kernel, plain_environment

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

LOAD = "%load_ext nbtrack"


@pytest.fixture
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def notebook(*sources, path=None):
    """Return a notebook of code cells, written to ``path`` if there is one."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    made = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(made, path)
    return made


def git(folder, *arguments):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=trunk"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(folder, remote):
    """Make a repository with one commit, and a change since."""
    folder.mkdir(parents=True)
    (folder / "train.py").write_text("lr = 0.1\n")
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", remote)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "train.py").write_text(f"lr = 0.2  # in {folder.name}\n")
    return git(folder, "rev-parse", "HEAD")


# Run All


def execute(made, folder, home, **options):
    client = NotebookClient(made, resources={"metadata": {"path": str(folder)}}, **{"timeout": 60} | options)
    client.execute(env=plain_environment(home))
    return made


def test_run_all_stops_where_a_tracked_cell_fails(tmp_path, home, stored):
    made = notebook(LOAD, "%%track\nx = 1", "%%track\nx = 2\n1 / 0", "x = 3")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(made, tmp_path, home)
    assert [cell.execution_count for cell in made.cells] == [1, 2, 3, None]
    assert [output.output_type for output in made.cells[2].outputs] == ["error", "display_data"]
    assert [run.status for run in stored()] == ["FINISHED", "FAILED"]
    assert [run.tags["nbtrack.cell.execution_count"] for run in stored()] == ["2", "3"]


def test_run_all_stops_at_a_mistake_in_the_line(tmp_path, home, stored):
    made = notebook(LOAD, "%%track -p missing\nx = 1", "x = 3")
    with pytest.raises(CellExecutionError, match="there is no variable 'missing'"):
        execute(made, tmp_path, home)
    assert made.cells[2].execution_count is None
    assert stored() == []


def test_a_cell_that_takes_too_long_is_killed(tmp_path, home, stored):
    made = notebook(LOAD, "%%track\nnbtrack.log(x=1)\nimport time; time.sleep(60)", "'after'")
    execute(made, tmp_path, home, timeout=3, interrupt_on_timeout=True, allow_errors=True)
    (run,) = stored()
    assert run.status == "KILLED"
    assert run.metrics["x"].count == 1
    assert made.cells[2].outputs[0].data["text/plain"] == "'after'"


def test_a_cell_that_takes_too_long_and_its_kernel_dies(tmp_path, home, stored):
    made = notebook(LOAD, "%%track\nnbtrack.log(x=1)\nimport time; time.sleep(60)")
    with pytest.raises(CellTimeoutError):
        execute(made, tmp_path, home, timeout=3, shutdown_kernel="immediate")
    (run,) = stored()
    assert (run.status, run.tags["nbtrack.ended"]) == ("FAILED", "crashed")
    assert run.metrics["x"].count == 1


def test_nbconvert_leaves_the_summary_and_knows_the_notebook(tmp_path, home, stored):
    notebook(LOAD, "%%track baseline\nnbtrack.log(loss=0.5)\nprint('a')", path=tmp_path / "train.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--output", "done.ipynb", "train.ipynb"]
    subprocess.run(command, cwd=tmp_path, env=plain_environment(home), capture_output=True, check=True)
    (run,) = stored()
    assert run.tags["mlflow.source.name"] == str(tmp_path / "train.ipynb")
    printed, summary = nbformat.read(tmp_path / "done.ipynb", 4).cells[1].outputs
    assert printed.text == "a\n"
    assert set(summary.data) == {"text/html", "image/png", "text/plain"}
    assert not any("widget" in kind for kind in summary.data)
    assert summary.data["text/plain"].startswith("baseline · Finished")


# Papermill


@pytest.mark.parametrize("options", [[], ["--inject-paths"]])
def test_papermill_in_another_folder_and_repository(tmp_path, home, stored, options):
    commit = repository(tmp_path / "project", "https://me:ghp_sesame@example.org/me/project.git")
    repository(tmp_path / "elsewhere", "https://example.org/me/elsewhere.git")
    made = notebook("lr = 0.1\nepochs = 2\nunused = 'x'", LOAD, "%%track\nfor i in range(epochs):\n    nbtrack.log(loss=lr)")
    made.cells[0].metadata["tags"] = ["parameters"]
    path = tmp_path / "project" / "notebooks" / "train.ipynb"
    path.parent.mkdir()
    nbformat.write(made, path)
    command = [sys.executable, "-m", "papermill", "project/notebooks/train.ipynb", "out.ipynb"]
    command += ["-p", "lr", "0.3", "-p", "unused", "y", "--cwd", str(tmp_path / "elsewhere"), *options]
    environ = plain_environment(home) | {"PWD": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=True)
    (run,) = stored(tmp_path / "elsewhere")
    assert run.params == {"lr": 0.3, "unused": "y", "epochs": 2}
    assert run.metrics["loss"].count == 2
    assert {key.removeprefix("mlflow.source."): run.tags[key] for key in run.tags if key.startswith("mlflow.source.")} == {
        "type": "NOTEBOOK",
        "name": "notebooks/train.ipynb",
        "git.commit": commit,
        "git.branch": "trunk",
        "git.repoURL": "https://example.org/me/project.git",
        "git.dirty": "true",
    }
    assert "+lr = 0.2  # in project" in run.diff
    assert "# Parameters" in "".join(run.code.cells)


# What is captured of a notebook


def test_what_is_captured_in_a_notebook_of_a_server(tmp_path, home, stored):
    commit = repository(tmp_path / "project", "git@example.org:me/project.git")
    repository(tmp_path / "elsewhere", "https://example.org/me/elsewhere.git")
    kernel = Kernel(tmp_path / "elsewhere", home, JPY_SESSION_NAME=str(tmp_path / "project" / "train.ipynb"))
    kernel.run("def fail(x):\n    return 1 / x")
    kernel.run("%%track first\nlr = 0.1")
    kernel.run("%%track second\nfail(0)")
    kernel.close()
    first, second = stored(tmp_path / "elsewhere")
    assert first.tags["mlflow.source.name"] == "train.ipynb"
    assert first.tags["mlflow.source.git.commit"] == commit
    assert first.tags["mlflow.source.git.repoURL"] == "git@example.org:me/project.git"
    assert "in project" in first.diff == second.diff
    assert second.code == "%%track second\nfail(0)"
    assert second.code.cells == (LOAD, "def fail(x):\n    return 1 / x", "%%track first\nlr = 0.1")
    assert second.environment["packages"] == first.environment["packages"]
    assert first.environment["python"]["version"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    lines = second.traceback.splitlines()
    assert (lines[0], lines[-1]) == ("Traceback (most recent call last):", "ZeroDivisionError: division by zero")
    assert [line.strip() for line in lines if "line" in line] == [
        'File "Cell In[4]", line 2, in <module>',
        'File "Cell In[2]", line 2, in fail',
    ]


def test_equal_documents_are_stored_once(tmp_path, home, stored):
    kernel = Kernel(tmp_path, home)
    for _ in range(3):
        kernel.run("%%track\nlr = 0.1")
    kernel.close()
    with sqlite3.connect(tmp_path / ".nbtrack" / "runs.db") as database:
        texts = [zlib.decompress(body).decode() for (body,) in database.execute("SELECT body FROM documents")]
    assert len(texts) == len(set(texts))
    assert sum("ipython==" in text for text in texts) == 1
    assert texts.count("%%track\nlr = 0.1") == 1


SECRETS = ["hunter2xyzzy", "sk-live-0123456789abcdef", "tok3n-aaaa-bbbb", "ghp_" + "a1B2" * 9, "s3same-open", "env-secret-value"]


def everything_in(folder):
    """Return all bytes that are stored below a folder: those of its files, and those compressed in its databases."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = [path.read_bytes() for path in files]
    for path in (path for path in files if path.suffix == ".db"):
        database = sqlite3.connect(path)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f"SELECT * FROM {table}"):
                found += [_plain(value) for value in row if isinstance(value, bytes)]
        database.close()
    return b"\n".join(found)


def _plain(value):
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


@pytest.mark.parametrize("ending", ["1 / 0", "import os; os.kill(os.getpid(), 9)"])
def test_no_secret_is_in_the_store(tmp_path, home, ending):
    password, api_key, token, github, sesame, of_environment = SECRETS
    work = tmp_path / "work"
    repository(work, f"https://me:{github}@example.org/me/work.git")
    (work / "train.py").write_text(f"PASSWORD = '{password}'\nkept = 'in the diff'\n")
    kernel = Kernel(work, home, MY_SECRET=of_environment)
    kernel.run(f'import os\nconfig = {{"user": "me", "api_key": "{api_key}", "depth": 3}}\nauth_token = "{token}"')
    cell = f"""%%track -p config -t "password={password}"
password = "{password}"
API_KEY = "{api_key}"
kept = 7
url = "postgresql://me:{sesame}@db.example.org/x"
nbtrack.log_params(dict(token="{token}", nested=dict(secret="{sesame}", kept=8)))
print("connecting to", url, "with API_KEY =", repr(API_KEY), auth_token[:0])
print(f"token={{auth_token}}")
nbtrack.log_dict(dict(kept=9), "settings.json")
{ending}"""
    request = kernel.start(cell)
    if "kill" in ending:
        kernel.manager.provisioner.process.wait(60)
        kernel.kill()
    else:
        kernel.finish(request)
        kernel.close()
    stored = everything_in(work / ".nbtrack")
    assert [secret for secret in SECRETS if secret.encode() in stored] == []
    # Only the secrets are missing.
    assert all(text in stored for text in (b"kept = 7", b"config.depth", b"[redacted]", b"in the diff"))


# Kernels that end


def test_a_run_left_open_at_shutdown_is_killed(tmp_path, home, stored):
    kernel = Kernel(tmp_path, home)
    kernel.run("run = nbtrack.start_run('left')\nrun.log(x=1)")
    kernel.close()
    (run,) = stored()
    assert (run.status, run.tags["nbtrack.ended"]) == ("KILLED", "shutdown")
    assert run.metrics["x"].count == 1


def test_a_kernel_killed_in_a_tracked_cell_loses_no_point(tmp_path, home, stored):
    kernel = Kernel(tmp_path, home)
    kernel.start(
        """%%track crashes
lr = 0.1
for i in range(1000):
    nbtrack.log(loss=i)
import os
os.kill(os.getpid(), 9)"""
    )
    kernel.manager.provisioner.process.wait(60)
    kernel.kill()
    (run,) = stored()
    assert (run.name, run.status, run.tags["nbtrack.ended"]) == ("crashes", "FAILED", "crashed")
    assert run.metrics["loss"].values.tolist() == list(range(1000))
    assert run.params == {"lr": 0.1}
    assert run.code.startswith("%%track crashes")
    assert run.start_time <= run.end_time
    assert len(stored()) == 1


def test_a_restarted_kernel_goes_on(tmp_path, home, stored):
    for name in ("before", "after"):
        kernel = Kernel(tmp_path, home)
        kernel.run(f"%%track {name}\nnbtrack.log(x=1)")
        kernel.close()
    assert [(run.name, run.status) for run in stored()] == [("before", "FINISHED"), ("after", "FINISHED")]
