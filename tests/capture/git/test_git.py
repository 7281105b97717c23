"""Git's facts are those of the notebook's own repository, whatever its state and git's configuration."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.capture.git.repository import find_repository, read_head, remote_url
from nbtrack.capture.git.tags import capture_git
from nbtrack.capture.secrets.urls import strip_credentials
from nbtrack.entities.tags import CAPTURE_FAILED, GIT_BRANCH, GIT_COMMIT, GIT_DIRTY, GIT_REMOTE

NOBODY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class Project:
    """A working tree to try things in."""

    def __init__(self, root, environ):
        self.root, self.environ = root, environ

    def git(self, *arguments, folder=None):
        command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments]
        where = {"cwd": folder or self.root, "env": self.environ}
        return subprocess.run(command, **where, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def capture(self, folder=None, **options):
        repository = find_repository(folder or self.root)
        assert repository is not None
        return capture_git(repository, self.environ, **options)

    def diff(self):
        (document,) = self.capture().documents
        assert document.kind == "diff"
        return document.text


@pytest.fixture
def environ():
    return {**os.environ, **NOBODY}


@pytest.fixture
def project(tmp_path, environ):
    (tmp_path / "project").mkdir()
    made = Project(tmp_path / "project", environ)
    made.git("init", "-q")
    made.write("train.py", "lr = 0.1\n")
    made.first = made.commit()
    return made


def notebook(*cells, output=""):
    content = [{"cell_type": "code", "source": [c], "outputs": [{"text": output}], "metadata": {}} for c in cells]
    return json.dumps({"cells": content, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


def test_a_clean_repository(project):
    captured = project.capture()
    assert captured.tags == {GIT_COMMIT: project.first, GIT_BRANCH: "main", GIT_DIRTY: "false"}
    assert captured.documents == ()


def test_changes_in_the_tree_and_in_the_index_are_one_patch_that_applies(project, tmp_path):
    project.write("staged.py", "a = 1\n")
    project.git("add", "staged.py")
    project.write("train.py", "lr = 0.2\n")
    assert project.capture().tags[GIT_DIRTY] == "true"
    patch = tmp_path / "x.patch"
    patch.write_text(project.diff())
    other = tmp_path / "other"
    project.git("clone", "-q", str(project.root), str(other))
    project.git("apply", str(patch), folder=other)
    assert (other / "train.py").read_text() == "lr = 0.2\n"
    assert (other / "staged.py").read_text() == "a = 1\n"


def test_many_files_and_names_that_look_like_patterns(project):
    for i in range(150):
        project.write(f"many/{i}.py", f"x = {i}\n")
    project.write("[a]*.py", "1\n")
    project.write("a.py", "1\n")
    project.commit()
    project.write("[a]*.py", "2\n")
    assert project.diff().count("diff --git") == 1
    for i in range(150):
        project.write(f"many/{i}.py", f"y = {i}\n")
    project.write("nb.ipynb", notebook("x = 1"))
    project.git("add", "-A")
    assert project.diff().count("diff --git") == 151
    assert project.diff().endswith("+# %%\n+x = 1\n")


def test_untracked_files_do_not_count(project):
    project.write("new.py", "x")
    assert project.capture().tags[GIT_DIRTY] == "false"


def test_a_detached_head_has_no_branch(project):
    project.git("checkout", "-q", "--detach")
    assert project.capture().tags == {GIT_COMMIT: project.first, GIT_DIRTY: "false"}


def test_a_repository_without_commits(tmp_path, environ):
    new = Project(tmp_path, environ)
    new.git("init", "-q")
    assert new.capture().tags == {GIT_BRANCH: "main", GIT_DIRTY: "false"}
    new.write("a.py", "1")
    new.git("add", "a.py")
    captured = new.capture()
    assert captured.tags == {GIT_BRANCH: "main", GIT_DIRTY: "true"}
    assert captured.documents == ()


def test_a_linked_working_tree_has_its_own_head(project, tmp_path):
    project.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "train.py").write_text("lr = 0.3\n")
    project.write("train.py", "lr = 0.9\n")
    side = Project(tmp_path / "side", project.environ)
    side.git("commit", "-q", "-am", "y")
    assert side.capture().tags == {GIT_COMMIT: side.git("rev-parse", "HEAD"), GIT_BRANCH: "side", GIT_DIRTY: "false"}
    assert project.capture().tags == {GIT_COMMIT: project.first, GIT_BRANCH: "main", GIT_DIRTY: "true"}


def test_a_submodule_is_its_own_repository_and_its_changes_make_the_outer_one_dirty(project, tmp_path, environ):
    (tmp_path / "library").mkdir()
    library = Project(tmp_path / "library", environ)
    library.git("init", "-q")
    library.write("lib.py", "1\n")
    inner = library.commit()
    project.git("submodule", "add", "-q", str(library.root), "lib")
    project.commit()
    assert project.capture(project.root / "lib").tags[GIT_COMMIT] == inner
    assert project.capture().tags[GIT_DIRTY] == "false"
    project.write("lib/lib.py", "2\n")
    assert project.capture().tags[GIT_DIRTY] == "true"
    assert f"+Subproject commit {inner}-dirty" in project.diff()


def test_packed_refs_and_branches_with_slashes(project):
    project.git("checkout", "-q", "-b", "feature/x-1")
    project.git("pack-refs", "--all")
    head = read_head(find_repository(project.root))
    assert (head.commit, head.branch) == (project.first, "feature/x-1")
    assert project.capture().tags[GIT_BRANCH] == "feature/x-1"


def test_the_repository_is_the_folders_not_the_environments(project, tmp_path, environ):
    (tmp_path / "other").mkdir()
    other = Project(tmp_path / "other", environ)
    other.git("init", "-q")
    other.write("x", "1")
    other.commit()
    project.environ = {
        **environ,
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": "nowhere",
    }
    assert project.capture(project.root).tags[GIT_COMMIT] == project.first


def test_a_folder_without_a_repository_has_no_tags(tmp_path):
    assert find_repository(tmp_path) is None


def test_a_subfolder_and_a_link_to_it_find_the_repository(project, tmp_path):
    (project.root / "a" / "b").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(project.root / "a" / "b")
    assert find_repository(project.root / "a" / "b").root == project.root
    assert find_repository(link).root == project.root


def test_the_remote_is_recorded_without_credentials(project):
    project.git("remote", "add", "fork", "https://github.com/someone/x.git")
    assert project.capture().tags[GIT_REMOTE] == "https://github.com/someone/x.git"
    project.git("remote", "add", "origin", "https://me:s3cret@github.com/org/x.git")
    assert project.capture().tags[GIT_REMOTE] == "https://github.com/org/x.git"
    assert remote_url(find_repository(project.root)) == "https://me:s3cret@github.com/org/x.git"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:s3cret@host/p.git", "https://host/p.git"),
        ("https://s3cret@host:8443/p", "https://host:8443/p"),
        ("https://user:s3/c@r:et@host/p", "https://host/p"),
        ("https://user:s3cret?x#y@host/p", "https://host/p"),
        ("https://host/p.git?private_token=s3cret", "https://host/p.git"),
        ("https::https://user:s3cret@host/p", "https::https://host/p"),
        ("git@github.com:org/p.git", "git@github.com:org/p.git"),
        ("me@host:org/p.git", "host:org/p.git"),
        ("me:s3cret@host:org/p.git", "host:org/p.git"),
        ("ssh://git@host:22/p", "ssh://git@host:22/p"),
        ("git+ssh://me:s3cret@host/p", "git+ssh://host/p"),
        ("https://host/@scope/p", "https://host/@scope/p"),
        ("https://host/ghp_16C7e42F292c6912E7710c838347Ae178B4a/p", "https://host/[redacted]/p"),
        ("/srv/git/p.git", "/srv/git/p.git"),
        ("file:///srv/git/p.git", "file:///srv/git/p.git"),
        ("../p", "../p"),
    ],
)
def test_credentials_are_stripped_from_every_form_of_url(url, expected):
    assert strip_credentials(url) == expected


def test_secrets_in_changes_are_redacted(project):
    project.write("train.py", 'api_key = "s3cretvalue"\n')
    assert '+api_key = "[redacted]"' in project.diff()


def test_programs_configured_in_git_are_not_run(project, tmp_path):
    trap = project.write("trap.sh", f'#!/bin/sh\ntouch {tmp_path}/sprung\ncat "$1" 2>/dev/null\n')
    trap.chmod(0o755)
    project.write(".gitattributes", "*.py diff=trap\n")
    project.write("hooks/post-index-change", trap.read_text()).chmod(0o755)
    project.commit()
    for setting in ("core.fsmonitor", "diff.external", "diff.trap.command", "diff.trap.textconv", "core.pager"):
        project.git("config", setting, str(trap))
    project.git("config", "core.hooksPath", str(project.root / "hooks"))
    project.write("train.py", "lr = 0.5\n")
    os.utime(project.root / "train.py", (1, 1))
    (tmp_path / "sprung").unlink(missing_ok=True)
    assert "+lr = 0.5" in project.diff()
    assert not (tmp_path / "sprung").exists()
    project.git("diff")
    assert (tmp_path / "sprung").exists()


def test_user_settings_do_not_change_the_form_of_a_diff(project):
    for setting, value in {
        "diff.noprefix": "true",
        "color.ui": "always",
        "diff.mnemonicPrefix": "true",
        "diff.context": "0",
    }.items():
        project.git("config", setting, value)
    project.write("train.py", "lr = 0.5\n")
    assert project.diff().startswith("diff --git a/train.py b/train.py\n")
    assert "\x1b" not in project.diff()


def test_the_index_is_not_written(project):
    project.write("train.py", "lr = 0.5\n")
    index = project.root / ".git" / "index"
    before = index.read_bytes()
    os.utime(project.root / "train.py", (2, 2))
    project.capture()
    assert index.read_bytes() == before


def test_long_diffs_are_cut_at_the_end_of_a_line_with_a_note(project):
    project.write("train.py", "".join(f"line {i}\n" for i in range(10_000)))
    (document,) = project.capture(most_bytes=5000).documents
    lines = document.text.splitlines()
    assert lines[-1] == "# nbtrack: the rest of the changes is left out"
    assert lines[-2].startswith("+line ")
    assert 4000 < len(document.text) < 6000


def test_binary_and_very_large_files_are_named_only(project):
    project.write("model.bin", bytes(range(256)) * 10)
    project.write("data.csv", "1,2,3\n" * 500_000)
    project.git("add", "-A")
    diff = project.diff()
    assert "Binary files /dev/null and b/model.bin differ" in diff
    assert "Binary files /dev/null and b/data.csv differ" in diff
    assert len(diff) < 1000


def test_names_and_contents_in_any_encoding(project):
    project.write("größe λ.py", "x = 'é'\n".encode("latin-1"))
    project.write(os.fsdecode(b"bad-\xff.ipynb"), notebook("a = 1"))
    project.git("add", "-A")
    diff = project.diff()
    assert "b/größe λ.py" in diff
    diff.encode()


def test_notebooks_are_compared_by_their_cells(project):
    project.write("work/nb.ipynb", notebook("lr = 0.1", "train(lr)", output="old"))
    project.commit()
    project.write("work/nb.ipynb", notebook("lr = 0.2", "train(lr)", output="new " * 1000))
    assert project.capture().tags[GIT_DIRTY] == "true"
    assert project.diff() == (
        "--- a/work/nb.ipynb\n+++ b/work/nb.ipynb\n@@ -1,4 +1,4 @@\n # %%\n-lr = 0.1\n+lr = 0.2\n # %%\n train(lr)\n"
    )


def test_a_notebook_with_changed_outputs_is_dirty_with_a_note(project):
    project.write("nb.ipynb", notebook("lr = 0.1", output="old"))
    project.commit()
    project.write("nb.ipynb", notebook("lr = 0.1", output="new"))
    project.write("train.py", "lr = 0.5\n")
    assert project.capture().tags[GIT_DIRTY] == "true"
    assert project.diff().endswith("+lr = 0.5\n# nbtrack: nb.ipynb has changed in its outputs or metadata only\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "cannot be compared"), ("[]", "cannot be compared"), (" " * 2_000_001, "too large to be compared")],
)
def test_notebooks_that_cannot_be_compared_are_named(project, content, said):
    project.write("nb.ipynb", notebook("lr = 0.1"))
    project.commit()
    project.write("nb.ipynb", content)
    assert "# nbtrack: nb.ipynb has changed and " in project.diff()
    assert said in project.diff()


def test_notebooks_added_and_deleted(project):
    project.write("old.ipynb", notebook("old = 1"))
    project.commit()
    (project.root / "old.ipynb").unlink()
    project.write("new.ipynb", notebook("new = 1"))
    project.git("add", "-A")
    assert "-old = 1" in project.diff()
    assert "+new = 1" in project.diff()


def test_many_notebooks(project):
    for i in range(10):
        project.write(f"{i}.ipynb", notebook(f"x = {i}"))
    project.git("add", "-A")
    assert project.diff().count("+# %%") == 8
    assert project.diff().count("is not compared") == 2


def test_a_merge_conflict(project):
    project.git("checkout", "-q", "-b", "side")
    project.write("train.py", "lr = 1\n")
    project.write("nb.ipynb", notebook("a"))
    project.commit()
    project.git("checkout", "-q", "main")
    project.write("train.py", "lr = 2\n")
    project.write("nb.ipynb", notebook("b"))
    project.commit()
    with pytest.raises(subprocess.CalledProcessError):
        project.git("merge", "side")
    captured = project.capture()
    assert captured.tags[GIT_DIRTY] == "true"
    assert "<<<<<<<" in captured.documents[0].text
    assert CAPTURE_FAILED not in captured.tags


def test_without_git_its_files_give_commit_branch_and_remote(project, tmp_path):
    project.git("remote", "add", "origin", "https://me:s3cret@host/x")
    project.environ = {"PATH": str(tmp_path)}
    captured = project.capture()
    assert captured.tags[GIT_COMMIT] == project.first
    assert captured.tags[GIT_BRANCH] == "main"
    assert captured.tags[GIT_REMOTE] == "https://host/x"
    assert captured.tags[CAPTURE_FAILED] == "git: git cannot be started: No such file or directory"
    assert GIT_DIRTY not in captured.tags


@pytest.fixture
def fake_git(tmp_path, project):
    """Put a script in git's place."""

    def put(script):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "git").write_text(f"#!{sys.executable}\n{script}")
        (folder / "git").chmod(0o755)
        project.environ = {**project.environ, "PATH": f"{folder}:{project.environ['PATH']}"}

    return put


def test_a_repository_of_another_user_is_read_from_its_files(project, fake_git):
    fake_git("import sys; sys.exit(\"fatal: detected dubious ownership in repository at '/x'\")")
    captured = project.capture()
    assert captured.tags[GIT_COMMIT] == project.first
    assert captured.tags[CAPTURE_FAILED] == "git: fatal: detected dubious ownership in repository at '/x'"


def test_a_git_that_takes_too_long_is_stopped(project, fake_git):
    fake_git("import time; time.sleep(60)")
    captured = project.capture(seconds=0.2)
    assert captured.tags[GIT_COMMIT] == project.first
    assert captured.tags[CAPTURE_FAILED] == "git: git status took too long or found too many changes"


def test_a_git_that_never_stops_writing_is_stopped(project, fake_git):
    fake_git("while True: print('x' * 1000)")
    assert CAPTURE_FAILED in project.capture().tags


def test_a_git_folder_that_is_damaged(project):
    (project.root / ".git" / "HEAD").write_text("ref: refs/heads/nowhere")
    assert project.capture().tags[GIT_BRANCH] == "nowhere"
    (project.root / ".git" / "HEAD").write_bytes(b"\xff\xfe")
    assert CAPTURE_FAILED in project.capture().tags


def test_the_repository_of_this_file_is_found():
    repository = find_repository(Path(__file__).parent)
    if repository is None:
        pytest.skip("the tests do not lie in a repository")
    assert (repository.root / "pyproject.toml").exists()
