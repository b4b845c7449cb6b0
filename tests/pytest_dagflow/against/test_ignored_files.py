"""Test of a project with files that git does not have, under `--dag-against`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.not_in_wasm("starts processes")
def test_ignored_modules_and_changed_submodules(
    pytester: pytest.Pytester, tmp_path: Path, make_repository: Callable[[Path], Any]
):
    """A module that a build wrote is copied to the revision; a changed submodule is there as it was."""
    repository, other = make_repository(pytester.path), make_repository(tmp_path / "other")
    other.commit(s_dot_py="PART = 1\n")
    repository.git("submodule", "--quiet", "add", other.folder.as_uri(), "part")
    node = "from dagflow import asset\nfrom part.s import PART\nfrom _version import VERSION\n"
    test = "from dagflow import materialize_to_memory\nfrom nodes import orders\n"
    repository.commit(
        nodes_dot_py=f"{node}@asset\ndef orders():\n    return PART + VERSION\n",
        test_nodes_dot_py=f"{test}def test_it():\n    materialize_to_memory([orders])\n",
        pytest_dot_ini="[pytest]\npythonpath = .\n",
        _dot_gitignore="_version.py\n",
    )
    repository.write(_version_dot_py="VERSION = 1\n", part__s_dot_py="PART = 2\n")

    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--dag-against=HEAD", "--dag-select=orders"
    )

    result.stdout.fnmatch_lines(["*output: 2 -> 3*", "*1 file that git ignores is the same on both sides*"])
    result.stdout.no_fnmatch_line("*cannot be compared*")
