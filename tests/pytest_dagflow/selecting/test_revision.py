"""Tests of the comparison of a git revision with the working tree."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.selecting import git as git_module
from pytest_dagflow.selecting.git import RevisionError
from pytest_dagflow.selecting.revision import Revision, read_revision


@pytest.fixture
def repository(tmp_path: Path, make_repository: Callable[[Path], Any]) -> Any:
    """Return a repository with one commit."""
    repository = make_repository(tmp_path / "repo")
    repository.commit(a_dot_py="a = 1\n", data__x_dot_csv="1\n", part__b_dot_py="b = 1\n")
    return repository


def read(repository: Any, reference: str = "main", folder: str = "") -> Revision:
    """Compare a revision with the working tree."""
    return read_revision(str(repository.folder / folder), reference)


def error_of(repository: Any, reference: str = "main", folder: str = "") -> str:
    """Return the reason why a revision cannot be compared."""
    with pytest.raises(RevisionError) as caught:
        read(repository, reference, folder)
    return str(caught.value)


def test_nothing_changed(repository: Any):
    """A file with a new time is the same, and all files of the revision are known."""
    os.utime(repository.folder / "a.py", ns=(1, 1))

    revision = read(repository)

    assert sorted(revision.files) == ["a.py", "data/x.csv", "part/b.py"]
    assert revision.changed == set()


def test_each_change_is_found(repository: Any):
    """Committed, staged, unstaged and untracked changes count; ignored files do not."""
    repository.git("checkout", "-q", "-b", "work")
    repository.commit(c_dot_py="c = 1\n", gone_dot_py="x\n", _dot_gitignore="*.tmp\n")
    repository.write(a_dot_py="a = 2\n", new__d_dot_py="d = 1\n", e_dot_tmp="1")
    repository.git("add", "a.py")
    (repository.folder / "gone.py").unlink()
    (repository.folder / "part" / "b.py").rename(repository.folder / "part" / "z.py")

    revision = read(repository)

    assert revision.modified == {"a.py"}
    assert revision.deleted == {"part/b.py"}
    assert revision.added == {".gitignore", "c.py", "new/d.py", "part/z.py"}
    assert revision.renamed == {"part/b.py": "part/z.py"}
    assert revision.contents(["a.py", "part/b.py"]) == {"a.py": b"a = 1\n", "part/b.py": b"b = 1\n"}


def test_the_merge_base_counts(repository: Any):
    """Commits of the other branch since the merge base are no change."""
    base = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-q", "-b", "work")
    repository.git("checkout", "-q", "main")
    repository.commit(a_dot_py="a = 2\n")
    repository.git("checkout", "-q", "work")

    revision = read(repository)

    assert (revision.commit, revision.changed) == (base, set())


def test_a_root_folder_inside_of_the_repository(repository: Any):
    """Paths are relative to the root folder, those beside it too."""
    repository.write(part__b_dot_py="b = 2\n", data__x_dot_csv="2\n", new_dot_py="1")

    revision = read(repository, folder="part")

    assert revision.modified == {"b.py", "../data/x.csv"}
    assert revision.added == {"../new.py"}
    assert sorted(revision.files) == ["../a.py", "../data/x.csv", "b.py"]
    assert revision.contents(["b.py"]) == {"b.py": b"b = 1\n"}


def test_paths_with_other_characters(repository: Any):
    """Names with spaces, quotes, line ends and letters of other alphabets are names."""
    names = ["größe/дата 1.csv", 'a"b.csv', "a\nb.csv", " x.csv", "-v.csv"]
    for name in names:
        path = repository.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "Names")
    for name in names:
        (repository.folder / name).write_text("2")

    revision = read(repository)

    assert revision.modified == set(names)
    assert revision.contents(names) == dict.fromkeys(names, b"1")


def test_links_and_folders_in_place_of_files(repository: Any):
    """A file that became a link or a folder has changed."""
    (repository.folder / "link").symlink_to("a.py")
    repository.commit()
    (repository.folder / "a.py").unlink()
    (repository.folder / "a.py").symlink_to("part/b.py")
    (repository.folder / "part" / "b.py").unlink()
    repository.write(part__b_dot_py__c_dot_py="1")

    revision = read(repository)

    assert revision.modified == {"a.py"}
    assert revision.deleted == {"part/b.py"}
    assert revision.added == {"part/b.py/c.py"}


def test_other_line_ends_are_no_change(repository: Any):
    """Git may have converted the line ends on checkout."""
    repository.write(a_dot_py="a = 1\r\n")

    assert read(repository).changed == set()


def test_files_of_git_lfs_are_compared_by_their_hash(repository: Any):
    """The revision holds a pointer, the working tree the content."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n"
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    repository.commit(same_dot_bin=pointer.format(digest), other_dot_bin=pointer.format("0" * 64))
    repository.write(same_dot_bin="hello", other_dot_bin="hello")

    assert read(repository).changed == {"other.bin"}


def test_files_that_git_does_not_look_at(repository: Any):
    """A file that is assumed unchanged may have changed."""
    repository.git("update-index", "--assume-unchanged", "a.py")
    repository.git("update-index", "--skip-worktree", "data/x.csv", "part/b.py")
    repository.write(a_dot_py="a = 2\n", data__x_dot_csv="2\n")
    (repository.folder / "part" / "b.py").unlink()  # as in a sparse working tree

    assert read(repository).changed == {"a.py", "data/x.csv"}


def test_no_program_of_a_config_is_started(repository: Any, monkeypatch: pytest.MonkeyPatch):
    """Neither a monitor, a hook, a filter nor an external diff of the repository runs."""
    repository.commit(_dot_gitattributes="*.csv filter=spy diff=spy\n")
    spy = repository.folder.parent / "spy.sh"
    spy.write_text(f"#!/bin/sh\ntouch '{spy}.called'\ncat\n")
    spy.chmod(0o755)
    names = "diff.external diff.spy.command diff.spy.textconv filter.spy.clean filter.spy.smudge core.pager"
    for key in [*names.split(), "filter.spy.process", "core.sshCommand", "core.fsmonitor"]:
        repository.git("config", key, str(spy))
    repository.git("config", "filter.spy.required", "true")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(spy))
    repository.write(
        data__x_dot_csv="2\n"
    )  # of the same size, so git compares the content if the time is new

    assert read(repository).changed == {"data/x.csv"}
    assert not Path(f"{spy}.called").exists()


def test_variables_of_a_git_hook_do_not_redirect(repository: Any, monkeypatch: pytest.MonkeyPatch):
    """The tests may run in a hook, for which git sets the folder and the index."""
    monkeypatch.setenv("GIT_DIR", str(repository.folder.parent))
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")

    assert read(repository, folder="part").changed == set()


@pytest.mark.parametrize("reference", ["nowhere", "--output=x", "-h", "", "main..main", "main:a.py"])
def test_a_reference_that_is_no_revision(repository: Any, reference: str):
    """The message names it, and no option of git is passed."""
    message = error_of(repository, reference)

    assert message.endswith((f"no revision '{reference}'", f"'{reference}' is not the name of a revision"))


def test_folders_without_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_repository: Callable[[Path], Any]
):
    """Without a repository, a commit or git itself the message is one sentence."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()
    empty = make_repository(tmp_path / "empty")

    with pytest.raises(RevisionError, match=r"plain' is not in the working tree of a git repository$"):
        read_revision(str(tmp_path / "plain"), "main")
    assert error_of(empty) == "the git repository has no commit"
    assert error_of(empty, folder=".git").endswith("is not in the working tree of a git repository")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert error_of(empty) == "git is not installed, or not in PATH"


def test_a_shallow_clone(repository: Any, tmp_path: Path, make_repository: Callable[[Path], Any]):
    """Without the merge base the message names how to fetch it."""
    base = repository.git("rev-parse", "HEAD")
    repository.commit(a_dot_py="a = 2\n")
    repository.git("checkout", "-q", "-b", "work", base)
    repository.commit(c_dot_py="c = 1\n")
    clone = make_repository(tmp_path / "clone")
    url = repository.folder.as_uri()
    clone.git("fetch", "-q", "--depth=1", url, "work:work", "main:other")
    clone.git("checkout", "-q", "work")

    message = "the clone is shallow and lacks the merge base of 'other' and HEAD; fetch more"
    assert error_of(clone, "other").startswith(message)
    assert error_of(clone, "main") == (
        "git knows no revision 'main'; the clone is shallow, so it may have to be fetched"
    )


def test_a_branch_without_a_common_commit(repository: Any):
    """Two histories have no merge base."""
    repository.git("checkout", "-q", "--orphan", "other")
    repository.commit(a_dot_py="a = 2\n")

    assert error_of(repository) == "'main' and HEAD have no common commit"


def test_a_clone_without_contents(repository: Any, tmp_path: Path, make_repository: Callable[[Path], Any]):
    """A partial clone is not fetched from."""
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("checkout", "-q", "-b", "work")
    repository.commit(a_dot_py="a = 2\n")
    clone = make_repository(tmp_path / "clone")
    clone.git("clone", "-q", "--filter=blob:none", "-b", "work", repository.folder.as_uri(), "inner")
    clone.folder /= "inner"

    with pytest.raises(RevisionError, match=r"^the clone lacks the content of 'a.py' \(.*fetch without"):
        read(clone, "origin/main").contents(["a.py"])


def test_submodules(repository: Any, tmp_path: Path, make_repository: Callable[[Path], Any]):
    """A submodule may be as in the revision; any difference in it is named."""
    other = make_repository(tmp_path / "other")
    other.commit(s_dot_py="s = 1\n")
    repository.git("submodule", "--quiet", "add", other.folder.as_uri(), "sub")
    repository.commit()

    assert read(repository).submodules == ("sub",)
    (repository.folder / "sub" / "s.py").write_text("s = 2\n")
    message = "the submodule 'sub' differs from 'main', and its files are not compared"
    assert error_of(repository) == message
    assert error_of(repository, "main~1") == message.replace("main", "main~1")
    shutil.rmtree(repository.folder / "sub")
    (repository.folder / "sub").mkdir()
    assert read(repository, "main~1").submodules == ("sub",)  # not checked out


def test_a_repository_inside_of_the_working_tree(repository: Any, make_repository: Callable[[Path], Any]):
    """Git does not list the files of an untracked repository."""
    make_repository(repository.folder / "inner").commit(x_dot_py="1")

    assert error_of(repository).startswith("the folder 'inner/' is a git repository of its own")


def test_repositories_that_are_not_compared(
    repository: Any, tmp_path: Path, make_repository: Callable[[Path], Any]
):
    """A changed submodule, and an untracked repository, may be left out."""
    make_repository(repository.folder / "inner").commit(x_dot_py="1")
    other = make_repository(tmp_path / "other")
    other.commit(s_dot_py="s = 1\n")
    repository.git("submodule", "--quiet", "add", other.folder.as_uri(), "sub")

    revision = read_revision(str(repository.folder), "main", compares_repositories=False)

    assert revision.submodules == ("sub",)
    assert revision.changed == {".gitmodules"}


def test_a_command_that_does_not_end(repository: Any, monkeypatch: pytest.MonkeyPatch):
    """A time limit holds for each command."""

    def run(*args: object, timeout: float, **kwargs: object) -> None:
        raise subprocess.TimeoutExpired("git", timeout)

    monkeypatch.setattr(git_module.subprocess, "run", run)

    assert error_of(repository) == "'git rev-parse' takes longer than 60 seconds"
