"""Shared fixtures: pytester and the events of a run as a string; and the number of hypothesis examples."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import Any

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook
from hypothesis import settings

pytest_plugins = ["pytester"]
collect_ignore = ["typing"]  # only for type checkers: some of it cannot run


def pytest_addoption(parser: pytest.Parser) -> None:
    """Allow the key `timeout` of pyproject.toml where pytest-timeout is not installed, as in WebAssembly."""
    with suppress(ValueError):  # pytest-timeout has added it
        parser.addini("timeout", "the maximum seconds of a test; not used without pytest-timeout")


IS_WASM = sys.platform == "emscripten"
if IS_WASM:
    # these folders and files need processes, threads, terminals or other libraries from the start
    collect_ignore += ["dagflow/executors", "differential", "fuzz", "benchmarks", "examples"]
    collect_ignore += ["house"]  # tests of files and pages
    # many sessions of pytest in one process, which are ten times slower there
    collect_ignore_glob = ["pytest_dagflow/test_*", "pytest_dagflow/reports", "pytest_dagflow/selecting"]
    collect_ignore_glob += ["pytest_dagflow/coverage", "pytest_dagflow/strategies", "dagflow/analysis"]
    collect_ignore_glob += ["pytest_dagflow/against"]
    collect_ignore += ["dagflow/instance", "dagflow/compat"]  # databases, and imports of whole packages

    def _skip(*_: Any, **__: Any) -> None:
        pytest.skip("WebAssembly has no processes, threads and terminals")

    subprocess.Popen.__init__ = _skip  # type: ignore[method-assign,assignment]
    threading.Thread.start = _skip  # type: ignore[method-assign]
    os.fork = _skip  # type: ignore[assignment]

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=6, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("DAGFLOW_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


# "hypothesispytest" is the plugin of hypothesis; pyproject.toml of this project has a key of "timeout"
PLUGINS_OF_A_PROJECT = ("dagflow", "hypothesispytest", "timeout", "xdist")
# of CI, coverage and xdist around the tests: a run inside of a test differs where one of these is set
OUTER_VARIABLES = (
    "CI",
    "BUILD_NUMBER",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKSPACE",
    "COVERAGE_CORE",
    "PYTEST_XDIST_WORKER",
)
INSTALLED_PLUGINS = {point.name for point in importlib.metadata.entry_points(group="pytest11")}


# libraries whose compiled code keeps classes of the first import, and one that replaces a finder of Python
LOADED_ONCE = ("numpy", "pandas", "polars", "pyarrow", "importlib_metadata")


@pytest.fixture(scope="session")
def libraries_are_loaded() -> None:
    """Import what must be loaded once, because pytester removes the modules that a run of it loads.

    Without it, the compiled part of polars gives data types that the next import of polars does not know.
    """
    for name in LOADED_ONCE:
        if importlib.util.find_spec(name):
            importlib.import_module(name)


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each new pytest load this plugin, three common ones, and no other installed plugin.

    The search for all plugins and their imports take three times as long as the rest of a small run.
    """
    names = [name for name in PLUGINS_OF_A_PROJECT if name in INSTALLED_PLUGINS]
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p {name}" for name in names))
    for name in OUTER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")  # reports are folded to the width of the terminal
    # here `dagflow` was imported before, so pytest warns that it cannot rewrite `-p dagflow`
    monkeypatch.setattr(AssertionRewritingHook, "_warn_already_imported", lambda *_: None)


@pytest.fixture
def pytester(
    libraries_are_loaded: None, pytester: pytest.Pytester, few_plugins: None, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """Provide a project whose runs load few plugins; a test that is about other ones uses `all_plugins`."""
    _forget_modules_of_other_tests()
    inline_run = pytester.inline_run

    def run(*arguments: Any, plugins: Any = (), **options: Any) -> Any:
        return inline_run(*arguments, plugins=[*plugins, _ShortInterrupts()], **options)

    monkeypatch.setattr(pytester, "inline_run", run)
    return pytester


class _ShortInterrupts:
    """A plugin that shortens the traceback of an interrupt, such as that after an error of the collection.

    pytest formats each of its own frames, which takes longer than the rest of a small run. It shows the last.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remove all frames but the last."""
        excinfo.traceback = excinfo.traceback[-1:]


_TEMPORARY = tuple(
    os.path.join(folder, "pytest-of-")
    for folder in {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())}
)


def _forget_modules_of_other_tests() -> None:
    """Remove the modules in temporary folders, because a project here may have a module of the same name."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.startswith(_TEMPORARY):
            del sys.modules[name]


@pytest.fixture
def all_plugins(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Load each installed plugin, as pytest does, but not pytest-asyncio, which warns without settings."""
    monkeypatch.delenv("PYTEST_ADDOPTS")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    inline_run = pytester.inline_run
    pytester.plugins.append("no:asyncio")
    monkeypatch.setattr(
        pytester, "inline_run", lambda *arguments, **kw: inline_run("-p", "no:asyncio", *arguments, **kw)
    )
    return pytester


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what WebAssembly cannot do, with the reason of the marker."""
    for item in items if IS_WASM else ():
        marker = item.get_closest_marker("not_in_wasm")
        if marker is not None:
            item.add_marker(pytest.mark.skip(reason=f"WebAssembly: {marker.args[0]}"))


@pytest.fixture(name="sequence")
def _sequence():
    """Return a function that formats events as 'RUN_START > STEP_START[brew] > ...'."""

    def text(run):
        events = getattr(run, "all_events", run)
        return " > ".join(
            f"{event.event_type.name}{f'[{event.step_key}]' if event.step_key else ''}" for event in events
        )

    return text
