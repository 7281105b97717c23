"""Which notebook a kernel runs, from what each front end and executor tells it."""

from pathlib import Path

import pytest

from nbtrack.capture.notebook import capture_source, command_notebook, find_notebook, parent_command
from nbtrack.entities.tags import SOURCE_NAME, SOURCE_TYPE

SESSION = {"JPY_SESSION_NAME": "/home/me/driver.ipynb"}


@pytest.mark.parametrize(
    ("namespace", "environ", "more", "expected"),
    [
        ({}, {}, {}, None),
        ({}, SESSION, {}, "/home/me/driver.ipynb"),
        ({"__session__": "/home/me/a b.ipynb"}, {}, {}, "/home/me/a b.ipynb"),
        ({"__vsc_ipynb_file__": "/vs/code.ipynb"}, SESSION, {}, "/vs/code.ipynb"),
        ({"__vsc_ipynb_file__": "/vs/code.ipynb"}, SESSION, {"explicit": "/mine.ipynb"}, "/mine.ipynb"),
        ({"PAPERMILL_INPUT_PATH": "in.ipynb", "PAPERMILL_OUTPUT_PATH": "s3://b/out.ipynb"}, {}, {}, "in.ipynb"),
        ({"PAPERMILL_OUTPUT_PATH": "s3://b/out.ipynb"}, {}, {}, "s3://b/out.ipynb"),
        # papermill started from a notebook: its kernel inherits that notebook's session
        ({"PAPERMILL_INPUT_PATH": "in.ipynb"}, SESSION, {}, "in.ipynb"),
        ({}, SESSION, {"command": ["python", "-m", "papermill", "in.ipynb", "out.ipynb"]}, "in.ipynb"),
        # a console has a session of an invented name
        ({}, {"JPY_SESSION_NAME": "/home/me/console-1-6c1a"}, {}, None),
    ],
)
def test_sources_of_the_notebook_path_have_an_order(namespace, environ, more, expected):
    assert find_notebook(namespace, environ, **more) == expected


def test_a_session_with_another_ending_is_a_notebook_if_the_file_exists(tmp_path):
    (tmp_path / "nb.md").write_text("")
    session = str(tmp_path / "nb.md")
    assert find_notebook({}, {"JPY_SESSION_NAME": session}) == session


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python /bin/papermill -p lr 0.1 in.ipynb out.ipynb", "in.ipynb"),
        ("python -m papermill in.ipynb out.ipynb", "in.ipynb"),
        ("python /bin/jupyter-nbconvert --to notebook --execute a.ipynb --output b.ipynb", "a.ipynb"),
        ("python -m nbconvert --execute --output b.ipynb sub/a.ipynb", "sub/a.ipynb"),
        ("python /bin/jupyter-execute a.ipynb", "a.ipynb"),
        ("python /bin/jupyter-nbconvert --execute a.ipynb b.ipynb", None),
        ("python /bin/jupyter-lab a.ipynb", None),
        ("python train.py a.ipynb", None),
        ("python -m papermill --help", None),
        ("", None),
    ],
)
def test_the_notebook_is_found_on_a_command_line(command, expected):
    assert command_notebook(command.split()) == expected


def test_a_command_line_is_relative_to_its_own_folder():
    assert command_notebook(["papermill", "in.ipynb", "out.ipynb"], Path("/jobs")) == "/jobs/in.ipynb"
    assert command_notebook(["papermill", "/x/in.ipynb", "out.ipynb"], Path("/jobs")) == "/x/in.ipynb"


def test_papermill_with_another_working_directory(tmp_path):
    (tmp_path / "in.ipynb").write_text("")
    (tmp_path / "work").mkdir()
    environ, found = {"PWD": str(tmp_path)}, str(tmp_path / "in.ipynb")
    command = ["papermill", "in.ipynb", "out.ipynb", "--cwd", "work"]
    assert find_notebook({}, environ, command=command, command_folder=tmp_path / "work") == found
    assert find_notebook({"PAPERMILL_INPUT_PATH": "in.ipynb"}, environ, command_folder=tmp_path / "work") == found
    assert command_notebook(["papermill", "s3://b/in.ipynb", "-"], Path("/jobs")) == "s3://b/in.ipynb"


def test_the_parent_process_has_a_command_line():
    command, folder = parent_command()
    assert all(isinstance(word, str) for word in command)
    assert folder is None or folder.is_absolute()


def test_a_notebook_in_a_repository_is_named_relative_to_its_root(tmp_path):
    root = tmp_path / "project"
    (root / "work").mkdir(parents=True)
    tags = capture_source(str(root / "work" / "nb.ipynb"), None, root).tags
    assert tags == {SOURCE_NAME: "work/nb.ipynb", SOURCE_TYPE: "NOTEBOOK"}


def test_a_notebook_reached_through_a_link_is_named_by_its_real_path(tmp_path):
    root = tmp_path / "project"
    (root / "work").mkdir(parents=True)
    (tmp_path / "link").symlink_to(root / "work")
    assert capture_source(str(tmp_path / "link" / "nb.ipynb"), None, root).tags[SOURCE_NAME] == "work/nb.ipynb"


def test_other_notebooks_keep_the_path_as_given(tmp_path):
    assert capture_source("/elsewhere/nb.ipynb", None, tmp_path).tags[SOURCE_NAME] == "/elsewhere/nb.ipynb"
    assert capture_source("nb.ipynb", None, None).tags[SOURCE_NAME] == "nb.ipynb"
    assert capture_source("s3://b/nb.ipynb", None, tmp_path).tags[SOURCE_NAME] == "s3://b/nb.ipynb"


def test_an_unknown_notebook_has_a_type_and_no_name():
    assert capture_source(None, None, None).tags == {SOURCE_TYPE: "NOTEBOOK"}


def test_a_script_is_a_local_source(tmp_path):
    assert capture_source(None, "train.py", None).tags == {SOURCE_NAME: "train.py", SOURCE_TYPE: "LOCAL"}
    assert capture_source(None, str(tmp_path / "a" / "train.py"), tmp_path).tags[SOURCE_NAME] == "a/train.py"
