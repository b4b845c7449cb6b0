"""The tests of the working tree in the worktree of a revision: the same tests run on both sides.

A changed file belongs to the tests if it is a test module or a conftest, or lies in a folder of tests in
which no node is defined. Files that define nodes are compared, so they stay as the revision has them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from pytest_dagflow.against.checkout import Checkout, is_inside
from pytest_dagflow.selecting.revision import Revision


def overlay_tests(
    checkout: Checkout,
    revision: Revision,
    test_files: Iterable[str],
    node_files: Iterable[str],
    ini_file: Path | None,
) -> list[str]:
    """Copy the changed files that belong to the tests into the worktree, and remove the deleted ones there.

    Args:
        checkout: The worktree.
        revision: The revision with the changed paths.
        test_files: The collected test modules and the loaded conftests, relative to the root folder.
        node_files: The files with the code of nodes, relative to the root folder.
        ini_file: The file of pytest's settings; None without one.

    Returns:
        The paths of the files that were copied or removed, relative to the root folder.

    Raises:
        RevisionError: A file cannot be copied.
    """
    tests, nodes = frozenset(test_files), frozenset(node_files)
    folders = _test_folders(tests, nodes)
    settings = _relative(ini_file, checkout)
    done = []
    # deleted ones first, because a folder may be in the place of a file
    for path in sorted(revision.changed, key=lambda one: (one not in revision.deleted, one)):
        is_test = path in tests or any(parent in folders for parent in _parents(path))
        if path in nodes or not (is_test or path == settings) or checkout.leads_outside(path):
            continue
        if path in revision.deleted:
            checkout.remove(path)
        else:
            checkout.put(path)
        done.append(path)
    return done


def restore(checkout: Checkout, paths: Iterable[str]) -> None:
    """Put the files of the revision back in place of those of `overlay_tests`.

    Args:
        checkout: The worktree.
        paths: The paths that `overlay_tests` returned, or some of them.
    """
    for path in reversed(list(paths)):
        checkout.reset(path)


def _test_folders(tests: Collection[str], nodes: Iterable[str]) -> frozenset[str]:
    """Return the folders with tests in which, and below which, no node is defined.

    The root folder is none of them, because it has the whole project.
    """
    with_nodes = {parent for path in nodes for parent in _parents(path)}
    folders = {str(PurePosixPath(path).parent) for path in tests}
    return frozenset(one for one in folders if one not in with_nodes and one.strip("./"))


def _parents(path: str) -> Iterable[str]:
    return map(str, PurePosixPath(path).parents)


def _relative(file: Path | None, checkout: Checkout) -> str:
    """Return the path of a file of the working tree relative to the root folder; "" for any other."""
    if file is None or not is_inside(os.path.realpath(file), checkout.working_top):
        return ""
    return os.path.relpath(os.path.realpath(file), checkout.working_root).replace(os.sep, "/")
