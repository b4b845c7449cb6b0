"""Tests of the copy of the tests of the working tree into the worktree of a revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.against.checkout import Checkout
from pytest_dagflow.against.overlay import overlay_tests, restore
from pytest_dagflow.against.worktree import revision_folder
from pytest_dagflow.selecting.revision import Revision, read_revision

pytestmark = pytest.mark.not_in_wasm("starts git")


@pytest.fixture
def repository(tmp_path: Path, make_repository: Callable[[Path], Any]) -> Any:
    """Return a repository with one commit: nodes, tests, and a folder with both."""
    repository = make_repository(tmp_path / "repo")
    repository.commit(
        shop__nodes_dot_py="old",
        shop__test_nodes_dot_py="old",
        shop__helper_dot_py="old",
        tests__conftest_dot_py="old",
        tests__test_a_dot_py="old",
        tests__data__x_dot_csv="old",
        tests__data__gone_dot_csv="old",
        tests__own__test_own_dot_py="old",
        test_top_dot_py="old",
        top_dot_py="old",
        pytest_dot_ini="[pytest]\n",
    )
    return repository


@contextmanager
def both(repository: Any, folder: str = "") -> Iterator[tuple[Checkout, Revision]]:
    """Return the worktree of the last commit, and the changes."""
    root = repository.folder / folder
    revision = read_revision(str(root), "HEAD")
    with revision_folder(revision, root) as checkout:
        yield checkout, revision


TESTS = ["shop/test_nodes.py", "tests/conftest.py", "tests/test_a.py", "tests/own/test_own.py", "test_top.py"]


def test_the_files_of_the_tests_are_copied_and_put_back(repository: Any):
    """Test modules, conftests and the data of a folder of tests; no node, and nothing else beside nodes."""
    for path in repository.folder.rglob("*.*"):
        if ".git" not in path.parts and path.is_file() and path.suffix != ".ini":
            path.write_text("new")
    repository.write(tests__data__added_dot_csv="new", pytest_dot_ini="[pytest]\n# new", other_dot_ini="new")
    (repository.folder / "tests" / "data" / "gone.csv").unlink()
    with both(repository) as (checkout, revision):
        before = {path: path.read_bytes() for path in checkout.top.rglob("*") if path.is_file()}

        paths = overlay_tests(checkout, revision, TESTS, ["shop/nodes.py"], repository.folder / "pytest.ini")

        assert sorted(paths) == [
            *("pytest.ini", "shop/test_nodes.py", "test_top.py", "tests/conftest.py"),
            *("tests/data/added.csv", "tests/data/gone.csv", "tests/data/x.csv"),
            *("tests/own/test_own.py", "tests/test_a.py"),
        ]
        for path in paths:
            working = repository.folder / path
            assert checkout.has(path) == working.exists()
            assert not working.exists() or (checkout.root / path).read_bytes() == working.read_bytes()
        assert (checkout.root / "shop" / "helper.py").read_text() == "old"

        restore(checkout, paths)

        assert {path: path.read_bytes() for path in checkout.top.rglob("*") if path.is_file()} == before


def test_a_second_time(repository: Any):
    """A repeated copy, and a repeated restore, change nothing more."""
    repository.write(tests__test_a_dot_py="new", tests__added_dot_py="new")
    (repository.folder / "tests" / "data" / "gone.csv").unlink()
    with both(repository) as (checkout, revision):
        before = {path: path.read_bytes() for path in checkout.top.rglob("*") if path.is_file()}
        for _ in range(2):
            paths = overlay_tests(checkout, revision, TESTS, [], None)
            assert overlay_tests(checkout, revision, TESTS, [], None) == paths
            assert (checkout.root / "tests" / "test_a.py").read_text() == "new"

            restore(checkout, paths)
            restore(checkout, paths)

            assert {path: path.read_bytes() for path in checkout.top.rglob("*") if path.is_file()} == before


def test_a_test_module_with_nodes_stays(repository: Any):
    """A module of nodes and tests is compared as it is, and its folder has no files of tests only."""
    repository.write(
        tests__own__test_own_dot_py="new", tests__own__x_dot_csv="new", tests__test_a_dot_py="new"
    )

    with both(repository) as (checkout, revision):
        assert overlay_tests(checkout, revision, TESTS, ["tests/own/test_own.py"], None) == [
            "tests/test_a.py"
        ]


def test_paths_beside_the_root_folder(repository: Any):
    """A root folder inside of the repository may have its settings and conftests above."""
    repository.write(shop__test_nodes_dot_py="new", tests__conftest_dot_py="new", pytest_dot_ini="new")
    files = ["test_nodes.py", "../tests/conftest.py"]

    with both(repository, "shop") as (checkout, revision):
        paths = overlay_tests(checkout, revision, files, ["nodes.py"], repository.folder / "pytest.ini")

        assert paths == ["../pytest.ini", "../tests/conftest.py", "test_nodes.py"]
        assert (checkout.top / "pytest.ini").read_text() == "new"


def test_files_in_place_of_folders(repository: Any):
    """A folder that became a file, and a file that became a folder, are put back too."""
    (repository.folder / "tests" / "own" / "test_own.py").unlink()
    (repository.folder / "tests" / "own").rmdir()
    repository.write(tests__own="new")
    (repository.folder / "tests" / "data" / "x.csv").unlink()
    repository.write(tests__data__x_dot_csv__y_dot_csv="new")

    with both(repository) as (checkout, revision):
        paths = overlay_tests(checkout, revision, ["tests/test_a.py"], ["shop/nodes.py"], None)

        assert (checkout.root / "tests" / "own").read_text() == "new"
        assert (checkout.root / "tests" / "data" / "x.csv" / "y.csv").read_text() == "new"
        restore(checkout, paths)
        assert (checkout.root / "tests" / "own" / "test_own.py").read_text() == "old"
        assert (checkout.root / "tests" / "data" / "x.csv").read_text() == "old"


def test_no_old_bytecode(repository: Any):
    """A module that is put back within one second is not taken for the other one."""
    repository.write(tests__test_a_dot_py="new")
    with both(repository) as (checkout, revision):
        compiled = checkout.root / "tests" / "__pycache__" / "test_a.cpython-311.pyc"
        compiled.parent.mkdir()
        compiled.touch()

        paths = overlay_tests(checkout, revision, TESTS, [], None)

        assert not compiled.exists()
        compiled.touch()
        restore(checkout, paths)
        assert not compiled.exists()


def test_a_link_out_of_the_repository_stays(repository: Any, tmp_path: Path):
    """The data behind it are no part of the repository."""
    (tmp_path / "x.csv").write_text("1")
    (repository.folder / "tests" / "far.csv").symlink_to(tmp_path / "x.csv")

    with both(repository) as (checkout, revision):
        assert overlay_tests(checkout, revision, TESTS, [], None) == []
        assert not checkout.has("tests/far.csv")
