"""Tests of the second session of `--dag-against`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.against.reading import read_side
from pytest_dagflow.against.records import SideRecord, TestRun
from pytest_dagflow.against.second import Ended, run_second
from pytest_dagflow.against.task import Task, record_file

pytestmark = pytest.mark.not_in_wasm("starts processes")

SHOP = """
    from dagflow import asset

    SIDE = {side!r}

    @asset
    def orders():
        return SIDE
"""
TESTS = """
    import os, sys
    import pytest
    from dagflow import materialize_to_memory
    from shop import SIDE, orders

    @pytest.mark.parametrize("number", [1, 2])
    def test_orders(number):
        assert materialize_to_memory([orders]).output_for_node("orders") == SIDE

    def test_other():
        raise AssertionError("nobody wants it")

    def test_fails():
        assert SIDE == "working"

    @pytest.mark.skip(reason="later")
    def test_skipped(): ...
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Create the working tree and the worktree of a revision, and return the function that runs a task."""
    for side in ("working", "checkout"):
        folder = pytester.mkdir(side)
        (folder / "src").mkdir()
        (folder / "tests").mkdir()
        (folder / "src" / "shop.py").write_text(textwrap.dedent(SHOP.format(side=side)))
        (folder / "tests" / "test_shop.py").write_text(textwrap.dedent(TESTS))
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = src\n")
    return _Project(pytester, monkeypatch)


class _Project:
    """The working tree, the worktree, and the tasks in them."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester = pytester
        self._monkeypatch = monkeypatch
        self.working, self.checkout = pytester.path / "working", pytester.path / "checkout"
        self.shown: list[TestRun] = []

    def task(self, *tests: str, **changes: Any) -> Task:
        paths = {"root": str(self.checkout), "working_top": str(self.working)}
        folder = str(self._pytester.path / "records")
        return Task(
            **{"folder": folder, "tests": list(tests), "now": 1.0, "checkout_top": str(self.checkout)}
            | paths
            | changes
        )

    def run(self, task: Task, *arguments: str) -> tuple[Ended, SideRecord]:
        self._monkeypatch.chdir(self.working)
        config = self._pytester.parseconfig("-p", "no:cacheprovider", *arguments)
        ended = run_second(config, task, self.shown.append)
        return ended, read_side(Path(task.folder).parent, Path(task.folder).name)


WANTED = (
    "tests/test_shop.py::test_fails",
    "tests/test_shop.py::test_orders[1]",
    "tests/test_shop.py::test_skipped",
)
ABSENT = ("tests/test_shop.py::test_absent", "tests/test_new.py::test_it")


def test_the_tests_of_the_task_run_on_the_revision(project: Any):
    """Only these run, with the code of the revision, whatever the first session selected or reported."""
    arguments = (
        "-x",
        "-k",
        "orders",
        "--junitxml=report.xml",
        "--dag-cov",
        "--durations=3",
        "--dag-html=page.html",
    )
    before = {path for path in project.working.rglob("*") if path.name != "__pycache__"}

    ended, record = project.run(project.task(*WANTED, *ABSENT), *arguments, str(project.working / "tests"))

    assert ended == Ended(pytest.ExitCode.TESTS_FAILED), ended.output
    assert list(record.tests) == list(WANTED)
    assert [one.test for one in project.shown] == list(WANTED)
    assert [one.outcome for one in record.tests.values()] == ["failed", "passed", "skipped"]
    assert record.tests[WANTED[0]].error.startswith("AssertionError: assert 'checkout' == 'working'")
    assert (record.missing, record.stopped, record.broken) == (sorted(ABSENT), "", {})
    assert (record.imported, record.foreign) == (["src/shop.py", "tests/test_shop.py"], [])
    assert {path for path in project.working.rglob("*") if path.name != "__pycache__"} == before
    assert not (project.checkout / "report.xml").exists()


def test_workers_of_xdist(project: Any):
    """Each worker keeps the same tests, imports from the revision, and writes a file of its own."""
    ended, record = project.run(project.task(*WANTED, ABSENT[0]), "-n1")

    assert ended.exit_code == pytest.ExitCode.TESTS_FAILED, ended.output
    assert sorted(record.tests) == sorted(WANTED)
    assert record.missing == [ABSENT[0]]
    assert (record.imported, record.foreign) == (["src/shop.py", "tests/test_shop.py"], [])
    assert record_file(project.task().folder, "gw0").exists()


def test_a_repeat_on_the_working_tree(project: Any):
    """The tests of the working tree are repeated without a redirect, and with a cache elsewhere."""
    task = project.task(*WANTED[:2], checkout_top="", root=str(project.working), attempt=2)

    ended, record = project.run(task, "-p", "cacheprovider")

    assert ended == Ended(pytest.ExitCode.OK), ended.output
    assert [one.outcome for one in record.tests.values()] == ["passed", "passed"]
    assert record.imported == ["src/shop.py", "tests/test_shop.py"]
    assert not (project.working / ".pytest_cache").exists()
    assert Task.read(Path(task.folder, "task.json")) == task


def test_files_that_do_not_import_there(project: Any):
    """The error of a file is kept with its id, and the tests of other files run."""
    (project.checkout / "src" / "shop.py").write_text("SIDE = 1")
    (project.checkout / "tests" / "test_new.py").write_text("def test_it(): ...")

    ended, record = project.run(project.task(*WANTED, *ABSENT))

    assert ended == Ended(pytest.ExitCode.TESTS_FAILED)
    assert (list(record.tests), record.missing) == ([ABSENT[1]], [])
    assert "cannot import name 'orders'" in record.broken["tests/test_shop.py"]


def test_a_session_that_dies(project: Any):
    """Its end and its last lines are returned, and what it wrote before counts."""
    (project.checkout / "tests" / "test_shop.py").write_text(
        "import os\ndef test_a(): ...\ndef test_b():\n    os.write(1, b'last words'); os._exit(7)\n"
    )
    wanted = ("tests/test_shop.py::test_a", "tests/test_shop.py::test_b")

    ended, record = project.run(project.task(*wanted), "-s")

    assert (ended.exit_code, ended.stopped) == (7, "its process ended with status 7")
    assert ended.output.endswith("last words")
    assert list(record.tests) == [wanted[0]]
    assert record.stopped == "it was interrupted"


PARTITIONS = """
    import datetime
    import pytest
    from dagflow import DailyPartitionsDefinition, asset
    from hypothesis import given, strategies

    @asset(partitions_def=DailyPartitionsDefinition("2020-01-01"))
    def day():
        return 1

    @pytest.mark.dag_partitions(day, last=1)
    def test_day(partition_key):
        import os
        assert os.getcwd().endswith("checkout")

    @given(strategies.just(1))
    def test_drawn(value): ...
"""


def test_the_time_of_the_first_session(project: Any):
    """Both sides collect the same partition keys; tests that hypothesis draws for are marked."""
    (project.checkout / "tests" / "test_shop.py").write_text(textwrap.dedent(PARTITIONS))
    wanted = ("tests/test_shop.py::test_day[2020-01-09]", "tests/test_shop.py::test_drawn")

    ended, record = project.run(project.task(*wanted, now=1578650400.0))

    assert ended == Ended(pytest.ExitCode.OK), ended.output
    assert list(record.tests) == list(wanted)
    assert record.draws == {wanted[1]}


FIRST = """
import sys, types
from pathlib import Path
from pytest_dagflow.against.second import run_second
from pytest_dagflow.against.task import Task
parameters = types.SimpleNamespace(args=("-p", "no:cacheprovider"), dir=Path.cwd())
plugins = types.SimpleNamespace(hasplugin=lambda name: False)
config = types.SimpleNamespace(invocation_params=parameters, pluginmanager=plugins, option=None)
run_second(config, Task.read(Path(sys.argv[1])), print)
"""


RUN = """
    import pytest

    @pytest.fixture
    def dag_resources():
        print("resources of the folder")
        return {}
"""


def test_an_item_without_a_file(project: Any):
    """An item of `--dag-run` has the fixtures of its folder, as in the first session."""
    for folder in (project.working, project.checkout):
        (folder / "tests" / "conftest.py").write_text(
            textwrap.dedent(RUN.replace("print", "raise ValueError"))
        )
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = src\ndag_definitions = shop:orders\n")

    arguments = ("--dag-against=main", "--dag-run=orders", str(project.working / "tests"))
    ended, record = project.run(project.task("dag-run::orders"), *arguments)

    assert ended == Ended(pytest.ExitCode.TESTS_FAILED), ended.output
    assert record.tests["dag-run::orders"].error == "ValueError: resources of the folder"
    assert list(record.tests) == ["dag-run::orders"]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this platform has no process groups")
def test_a_ctrl_c_ends_it(project: Any):
    """The fixtures end, and no process is left."""
    (project.checkout / "tests" / "test_shop.py").write_text(
        textwrap.dedent("""
            import os, time
            import pytest
            from pathlib import Path
            @pytest.fixture
            def resource():
                yield
                Path("ended").touch()
            def test_waits(resource):
                Path(f"{os.getpid()}.pid").touch()
                time.sleep(60)
        """)
    )
    file = project.task("tests/test_shop.py::test_waits").write()
    with subprocess.Popen(
        [sys.executable, "-c", FIRST, str(file)],
        cwd=project.working,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        while not (found := list(project.checkout.glob("*.pid"))):
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert (project.checkout / "ended").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(found[0].stem), 0)
    assert read_side(file.parent.parent, file.parent.name).stopped == "it was interrupted"


def test_no_line_is_lost_or_read_twice(tmp_path: Path):
    """The unfinished line of a killed process is left out."""
    record_file(str(tmp_path)).write_text('{"kind": "running"}\n{"kind": "te')

    assert read_side(tmp_path.parent, tmp_path.name) == SideRecord(stopped="it was interrupted")
    assert read_side(tmp_path, "nothing").stopped == "it ended during the collection"
