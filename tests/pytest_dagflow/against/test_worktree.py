"""Tests of the temporary worktree with the files of a revision."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagflow.testing import Process, this_process
from pytest_dagflow.against import worktree
from pytest_dagflow.against.worktree import copy_ignored, revision_folder
from pytest_dagflow.selecting.git import RevisionError
from pytest_dagflow.selecting.revision import read_revision

pytestmark = pytest.mark.not_in_wasm("starts processes")


@pytest.fixture
def repository(tmp_path: Path, make_repository: Callable[[Path], Any]) -> Any:
    """Return a repository with one commit, and a changed working tree."""
    repository = make_repository(tmp_path / "repo")
    repository.commit(a_dot_py="a = 1\n", part__b_dot_py="b = 1\n", _dot_gitignore="*.tmp\n/out\n")
    repository.write(a_dot_py="a = 2\n", new_dot_py="new = 1\n")
    return repository


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary folders be in a folder of the test, and return it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def folder_of(repository: Any, folder: str = "") -> Any:
    """Return the block with the worktree of the last commit."""
    root = repository.folder / folder
    return revision_folder(read_revision(str(root), "HEAD", compares_repositories=False), root)


def state_of(folder: Path) -> dict[str, bytes | None]:
    """Return all files and folders below a folder with their contents."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_the_files_of_the_revision_and_no_trace(repository: Any, temporary: Path):
    """The worktree has the files of the commit. Afterwards the repository is as before."""
    repository.git("stash", "list")
    before = state_of(repository.folder)

    with folder_of(repository) as checkout:
        assert (checkout.top / "a.py").read_text() == "a = 1\n"
        assert not checkout.has("new.py")
        assert checkout.root == checkout.top
        assert checkout.top.name == "repo"
        assert str(os.getpid()) in checkout.top.parent.name
        assert checkout.notes == []
        assert "locked" in repository.git("worktree", "list", "--porcelain")

    assert state_of(repository.folder) == before
    assert not list(temporary.iterdir())


def test_a_root_folder_inside_of_the_repository(repository: Any):
    """The root folder of the worktree corresponds to that of the session, also behind a link."""
    (repository.folder / "link").symlink_to("part")
    for name in ("part", "link"):
        with folder_of(repository, name) as checkout:
            assert checkout.root == checkout.top / "part"
            assert checkout.has("b.py")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_errors_leave_nothing(repository: Any, temporary: Path, error: type[BaseException]):
    """Any exception removes the worktree, also one with a read-only folder."""

    def fail() -> None:
        with folder_of(repository) as checkout:
            (checkout.top / "part").chmod(0o500)
            raise error

    with pytest.raises(error):
        fail()

    assert not list(temporary.iterdir())
    assert not (repository.folder / ".git" / "worktrees").exists()


def test_sigterm_leaves_nothing(repository: Any, temporary: Path):
    """A SIGTERM ends pytest, and removes the worktree."""

    def end() -> None:
        with folder_of(repository):
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(5)

    with pytest.raises(pytest.exit.Exception):
        end()

    assert not list(temporary.iterdir())


KILLED = """
import os, signal, sys, tempfile
from pathlib import Path
from pytest_dagflow.against.worktree import revision_folder
from pytest_dagflow.selecting.revision import read_revision
tempfile.tempdir = sys.argv[2]
with revision_folder(read_revision(sys.argv[1], "HEAD"), Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_leftovers_of_a_killed_session(repository: Any, temporary: Path):
    """The next session removes what a killed one left, and nothing of one that lives or of the user."""
    repository.git("worktree", "add", "-q", "--detach", str(temporary / "of the user"))
    subprocess.run([sys.executable, "-c", KILLED, repository.folder, temporary], check=False)
    (left,) = temporary.glob("dag-against-*")

    with folder_of(repository) as outer, folder_of(repository) as inner:
        assert not left.exists()
        assert (outer.has("a.py"), inner.has("a.py"), outer.top != inner.top) == (True, True, True)
        assert len(list((repository.folder / ".git" / "worktrees").iterdir())) == 3

    assert [path.name for path in temporary.iterdir()] == ["of the user"]
    assert len(list((repository.folder / ".git" / "worktrees").iterdir())) == 1


def test_a_session_of_another_host(repository: Any, monkeypatch: pytest.MonkeyPatch):
    """Nobody knows whether a process of another host or container lives, or one without a start time."""
    for other in (Process("elsewhere", 1, "start"), this_process()._replace(start="")):
        monkeypatch.setattr(worktree, "this_process", lambda other=other: other)
        with folder_of(repository) as outer:
            monkeypatch.setattr(worktree, "this_process", this_process)
            with folder_of(repository):
                assert outer.has("a.py")


HOOK = "#!/bin/sh\ntouch ran-a-hook\n"


def test_no_program_of_the_repository_starts(repository: Any):
    """Hooks, file system monitors and filters do not start; the filtered files are named or copied."""
    hooks = repository.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        (hooks / name).write_text(HOOK)
        (hooks / name).chmod(0o700)
    repository.commit(x_dot_key="stored\n", y_dot_key="stored\n", _dot_gitattributes="*.key filter=crypt\n")
    for key in ("clean", "smudge"):
        repository.git("config", f"filter.crypt.{key}", "touch started; cat")
    repository.git("config", "core.fsmonitor", "touch started")
    for path in repository.folder.rglob("ran-a-hook"):
        path.unlink()
    (repository.folder / "y.key").write_text("changed\n")

    with folder_of(repository) as checkout:
        files = {path.name for path in (*checkout.top.rglob("*"), *repository.folder.rglob("*"))}
        assert not files & {"ran-a-hook", "started"}
        assert checkout.notes == [
            "1 file with a git filter: the revision has the content that the repository stores, because no "
            "filter is started: y.key"
        ]


def pointer_of(content: str) -> str:
    """Return the pointer of git-lfs to a content."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"


def test_files_of_git_lfs(repository: Any):
    """Contents come from the working tree or from the store in the clone; others are named."""
    contents = {"same.bin": "one", "stored.bin": "two", "absent.bin": "three", "pointer.bin": "four"}
    repository.write(_dot_gitattributes="*.bin filter=lfs -text\n")
    for name, content in contents.items():
        (repository.folder / name).write_text(pointer_of(content))
    repository.commit()
    digest = hashlib.sha256(b"two").hexdigest()
    stored = repository.folder / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
    stored.parent.mkdir(parents=True)
    stored.write_text("two")
    for name, content in {"same.bin": "one", "stored.bin": "new", "absent.bin": "new"}.items():
        (repository.folder / name).write_text(content)

    with folder_of(repository) as checkout:
        found = {name: (checkout.top / name).read_text() for name in contents}

        assert (found["same.bin"], found["stored.bin"]) == ("one", "two")
        assert found["pointer.bin"] == pointer_of("four")
        assert checkout.notes == [
            "the clone lacks the content of 1 file of git-lfs, which the revision has as pointers ('git lfs "
            "fetch' with its id loads them): absent.bin"
        ]


def test_links(repository: Any, tmp_path: Path):
    """An absolute link into the working tree leads to the worktree."""
    (tmp_path / "beside").write_text("1")
    (repository.folder / "absolute").symlink_to(repository.folder / "part" / "b.py")
    (repository.folder / "relative").symlink_to("part/b.py")
    (repository.folder / "outside").symlink_to("../beside")
    repository.commit()

    with folder_of(repository) as checkout:
        for name in ("absolute", "relative"):
            assert (checkout.top / name).resolve() == checkout.top / "part" / "b.py"
        assert checkout.notes == ["1 link out of the repository cannot be followed on the revision: outside"]


def test_submodules(repository: Any, tmp_path: Path, make_repository: Callable[[Path], Any]):
    """A submodule has the files of the commit that the revision names, also a changed one."""
    deep, other = make_repository(tmp_path / "deep"), make_repository(tmp_path / "other")
    deep.commit(d_dot_py="d = 1\n")
    other.commit(s_dot_py="s = 1\n")
    other.git("submodule", "--quiet", "add", deep.folder.as_uri(), "deep")
    other.commit()
    for name in ("sub", "empty"):
        repository.git("submodule", "--quiet", "add", other.folder.as_uri(), name)
    repository.git("submodule", "--quiet", "update", "--init", "--recursive")
    repository.commit()
    shutil.rmtree(repository.folder / "empty")
    (repository.folder / "sub" / "s.py").write_text("s = 2\n")
    before = state_of(repository.folder)

    with folder_of(repository) as checkout:
        assert (checkout.top / "sub" / "s.py").read_text() == "s = 1\n"
        assert (checkout.top / "sub" / "deep" / "d.py").read_text() == "d = 1\n"
        assert checkout.notes == [
            "the submodule 'empty' is empty on the revision, because the working tree lacks its commit"
        ]
    assert state_of(repository.folder) == before


def test_ignored_files_are_copied(repository: Any, tmp_path: Path):
    """Only ignored files are copied, as files of their own, and named with their size."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "far.tmp").write_text("1")
    repository.write(x_dot_tmp="12", out__y_dot_csv="3", part__z_dot_tmp="4")
    (repository.folder / "link.tmp").symlink_to("x.tmp")
    (repository.folder / "far.tmp").symlink_to(tmp_path / "data" / "far.tmp")
    (repository.folder / "out" / "data").symlink_to(tmp_path / "data")
    paths = ["x.tmp", "out/y.csv", "link.tmp", "new.py", "a.py", "../data/far.tmp", "no.tmp", "out"]

    with folder_of(repository) as checkout:
        notes = copy_ignored(checkout, [*paths, "far.tmp", "out/data/far.tmp"])

        assert notes[0] == (
            "3 files that git ignores are the same on both sides (5 bytes): link.tmp, out/y.csv, x.tmp"
        )
        assert notes[1:] == [
            "2 files that git ignores cannot be copied, because a link leads out of the repository: far.tmp, "
            "out/data/far.tmp"
        ]
        assert not checkout.has("new.py")
        assert not (checkout.top / "link.tmp").is_symlink()
        (checkout.top / "x.tmp").write_text("other")
    assert (repository.folder / "x.tmp").read_text() == "12"
    with folder_of(repository, "part") as checkout:
        assert copy_ignored(checkout, ["z.tmp"])[0].endswith("(1 byte): z.tmp")


def test_a_link_of_the_revision_that_leads_outside(repository: Any, tmp_path: Path):
    """Nothing is written through a link of the revision."""
    (tmp_path / "far").mkdir()
    (repository.folder / "out").symlink_to(tmp_path / "far")
    repository.git("add", "-f", "out")
    repository.git("commit", "-q", "-m", "Link")
    (repository.folder / "out").unlink()
    repository.write(out__y_dot_csv="3")

    with folder_of(repository) as checkout:
        assert copy_ignored(checkout, ["out/y.csv"])[0].startswith("1 file that git ignores cannot be copied")
    assert not list((tmp_path / "far").iterdir())


def test_a_sparse_working_tree(repository: Any):
    """The worktree of a sparse working tree is made too."""
    repository.git("sparse-checkout", "set", "part")
    before = state_of(repository.folder)

    with folder_of(repository) as checkout:
        assert checkout.has("part/b.py")
    assert state_of(repository.folder) == before


def test_what_git_cannot_do(
    repository: Any, tmp_path: Path, make_repository: Callable[[Path], Any], temporary: Path
):
    """The errors of git are one sentence, and nothing is left."""
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = make_repository(tmp_path / "clone")
    clone.git("clone", "-q", "--filter=blob:none", "--no-checkout", repository.folder.as_uri(), "inner")
    clone.folder /= "inner"
    revision = read_revision(str(repository.folder), "HEAD")
    absent = "0" * 40
    gone = type(revision)("main", absent, {}, frozenset(), frozenset(), frozenset(), git=revision.git)

    with pytest.raises(RevisionError, match=f"git cannot write the files of 'main' .*{absent[:12]}"):
        revision_folder(gone, repository.folder).__enter__()
    with pytest.raises(RevisionError, match="git cannot write the files of 'HEAD'"):
        folder_of(clone).__enter__()
    assert not list(temporary.iterdir())


def test_no_temporary_folder(repository: Any, monkeypatch: pytest.MonkeyPatch):
    """A folder that cannot be made is named."""
    revision = read_revision(str(repository.folder), "HEAD")
    monkeypatch.setattr("tempfile.tempdir", str(repository.folder / "a.py"))

    with pytest.raises(RevisionError, match="cannot make a temporary folder for the revision"):
        revision_folder(revision, repository.folder).__enter__()


def test_a_lock_that_is_no_lock_of_a_session(repository: Any, temporary: Path):
    """A worktree of the user with any lock stays."""
    repository.git("worktree", "add", "-q", "--detach", str(temporary / "user"))
    (administration,) = (repository.folder / ".git" / "worktrees").iterdir()
    for reason in ("", "mine", "pytest --dag-against, process x", json.dumps(this_process())):
        (administration / "locked").write_text(reason)
        with folder_of(repository):
            pass
    assert (temporary / "user" / "a.py").exists()
