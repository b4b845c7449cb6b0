"""A pytest session of a drawn project without collection: the items are made from the test modules at once.

Run it as a program in the folder of the project: `python drawn_session.py PYTEST_ARGUMENTS`. Each test counts
as passed, and as if it had run the asset that it names. All hooks of dagflow are called as in any session. At
the end the program prints the CPU seconds of the selection and of the record, and the peak memory.
"""

from __future__ import annotations

import importlib
import resource
import sys
import time
from collections.abc import Generator
from pathlib import Path
from time import process_time

import pytest

from pytest_dagflow.selecting import recording
from pytest_dagflow.selecting.runs_of_tests import TestRun, runs_of

_MEGABYTE = 1024 if sys.platform == "linux" else 1024 * 1024
"""The unit of `ru_maxrss` in a megabyte."""


_save_record = recording.save_record


def _report(name: str, *values: object) -> None:
    sys.stdout.write(f"{name} {' '.join(map(str, values))}\n")


class DrawnTest(pytest.Item):
    """A test that is not run."""

    obj: object = None

    def runtest(self) -> None:
        """Do nothing."""


class DrawnSession:
    """The collection and the run of a session, and its measured seconds."""

    def pytest_collection(self, session: pytest.Session) -> bool:
        """Make one item for each function of each test module."""
        items: list[pytest.Item] = []
        for path in sorted(session.config.rootpath.glob("test_*.py")):
            module = pytest.Module.from_parent(session, path=path)
            module.obj = importlib.import_module(path.stem)
            for name, function in vars(module.obj).items():
                if name.startswith("test_"):
                    item: DrawnTest = DrawnTest.from_parent(module, name=name)
                    item.obj = function
                    items.append(item)
        session.items = items
        session.testscollected = len(items)
        session.config.hook.pytest_collection_modifyitems(session=session, config=session.config, items=items)
        session.config.hook.pytest_collection_finish(session=session)
        lines = session.config.hook.pytest_report_collectionfinish(
            config=session.config, start_path=Path(), items=items
        )
        _report("selected", *lines)
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self) -> Generator[None, None, None]:
        """Measure the selection."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE
        _report("memory before the selection", before)
        start = process_time()
        yield
        _report("took", process_time() - start)
        _report("memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Let each test pass."""
        runs = runs_of(session.config)
        for item in session.items:
            asset = f"a{item.path.stem.removeprefix('test_')}_{item.name.split('_')[1]}"
            run = runs[item.nodeid] = TestRun(item)
            run.nodes[asset, "__ephemeral_asset_job__"] = None
            run.ended = time.time()
        return True


def save_record(config: pytest.Config) -> None:
    """Save the record, and measure it."""
    start = process_time()
    _save_record(config)
    _report("recorded in", process_time() - start)
    _report("peak memory of the session", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE)


if __name__ == "__main__":
    sys.path.insert(0, "")
    recording.save_record = save_record
    sys.exit(int(pytest.main([*sys.argv[1:]], plugins=[DrawnSession()])))
