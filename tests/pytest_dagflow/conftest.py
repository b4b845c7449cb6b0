"""The load of the whole runtime before the first test, and small projects and git repositories.

A run of pytester in this process removes the modules that it loaded from `sys.modules`. If a part of
dagflow were among them, the next run would have two classes of one name.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


class ComparedProject:
    """A project in a git repository, whose branch `main` sessions compare with the working tree.

    Each session writes its report as JSON beside the repository. After it, neither a worktree nor a temporary
    folder is left, and the repository has the same index, commits and status as before.
    """

    def __init__(self, pytester: pytest.Pytester, repository: Repository, temporary: Path) -> None:
        self.pytester = pytester
        self.folder = repository.folder
        self.git = repository.git
        self.write = repository.write
        self.commit = repository.commit
        self._temporary = temporary

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text of a file in the working tree."""
        path = self.folder / name
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new), encoding="utf-8")

    def run(
        self, *arguments: str, against: str = "main", process: bool = False, repeats: bool = False
    ) -> pytest.RunResult:
        """Run a session that compares; `document` and `node` then read its report.

        Args:
            arguments: Its arguments.
            against: The revision.
            process: Whether to run it in a process of its own.
            repeats: Whether tests with a difference run again, as by default. It takes two more processes.
        """
        self.report.unlink(missing_ok=True)
        before = self.state()
        run = self.pytester.runpytest_subprocess if process else self.pytester.runpytest_inprocess
        report = ("--dag-against-report=term", f"--dag-against-report=json:{self.report}")
        again = () if repeats else ("--dag-against-repeat=0",)
        result = run(f"--dag-against={against}", *report, *again, *arguments)
        assert self.state() == before
        self.check_nothing_is_left()
        return result

    def state(self) -> tuple[str, ...]:
        """Return what git knows about the repository."""
        commands = (
            "status --porcelain --ignored",
            "for-each-ref",
            "ls-files --stage",
            "config --list --local",
        )
        found = [(self.folder / ".git" / "HEAD").read_text()]
        found += [self.git(*command.split()) for command in commands]
        caches = ("__pycache__/", ".pytest_cache/", ".hypothesis/")  # of the first session
        return tuple(
            line for text in found for line in text.splitlines() if not line.rstrip('"').endswith(caches)
        )

    def check_nothing_is_left(self) -> None:
        """Check that no worktree and no temporary folder of the comparison is left."""
        assert len(self.git("worktree", "list").splitlines()) == 1
        assert not list(self._temporary.glob("dag-against-*"))

    @property
    def report(self) -> Path:
        """The path of the report."""
        return self.folder.parent / "report.json"

    @property
    def document(self) -> dict[str, Any]:
        """The report of the last session."""
        document: dict[str, Any] = json.loads(self.report.read_text(encoding="utf-8"))
        return document

    def nodes(self) -> dict[str, dict[str, Any]]:
        """Return the nodes of the report by label."""
        return {node["label"]: node for node in self.document["nodes"]}

    def states(self) -> dict[str, str]:
        """Return the state of each node."""
        return {label: node["state"] for label, node in self.nodes().items()}


@pytest.fixture
def compared(
    pytester: pytest.Pytester,
    make_repository: Callable[[Path], Repository],
    monkeypatch: pytest.MonkeyPatch,
) -> ComparedProject:
    """Create an empty project in a git repository, which is the current folder."""
    temporary = pytester.path / "temporary"
    temporary.mkdir()
    repository = make_repository(pytester.path / "shop")
    repository.write(_dot_gitignore="__pycache__\n.pytest_cache\n.hypothesis\n")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(repository.folder)
    return ComparedProject(pytester, repository, temporary)
