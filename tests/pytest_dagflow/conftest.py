"""The load of the whole runtime before the first test, and small projects and git repositories.

A run of pytester in this process removes the modules that it loaded from `sys.modules`. If a part of
dagflow were among them, the next run would have two classes of one name.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import dagflow

for module in pkgutil.walk_packages(dagflow.__path__, "dagflow."):
    importlib.import_module(module.name)


PUMPS = """
    import pytest
    from dagflow import resource

    opened = []

    @resource
    def pump(context):
        opened.append("pump")
        yield "water"
        opened.remove("pump")

    @resource
    def heater(context):
        raise AssertionError("nothing reads it")

    @pytest.fixture
    def dag_resources():
        return {"pump": pump, "heater": heater}

    @pytest.fixture(autouse=True)
    def check_closed():
        yield
        assert not opened
"""


@pytest.fixture
def pumps(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project whose tests have a resource that must be closed, and one that cannot start.

    Each test fails if a resource is open after it.
    """
    pytester.makeconftest(PUMPS)
    return pytester


CAFE = """
    from dagflow import asset, materialize_to_memory

    @asset
    def water():
        return 1

    @asset
    def tea(water):
        return water

    def test_water():
        materialize_to_memory([water])
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Write `test_cafe.py`: two assets, and a test of one of them."""
    pytester.makepyfile(test_cafe=CAFE)
    return pytester


_IDENTITY = ("-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false")


class Repository:
    """A git repository in a folder, with commands and files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        command = ["git", *_IDENTITY, "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        for name, content in files.items():
            path = self.folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())

    def commit(self, **files: str) -> str:
        self.write(**files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Work")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def make_repository() -> Callable[[Path], Repository]:
    """Return the function that creates a git repository in a folder."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    return Repository
