"""Imports of modules with jobs that take long: their message, their limit and their interrupt."""

from __future__ import annotations

import re
import signal
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagflow import (
    CheckError,
    DagflowImportError,
    DagflowInstance,
    build_reconstructable_job,
    execute_job,
    instance_for_test,
)
from dagflow.defs.executors.builtin import MultiprocessExecutor
from dagflow.executors import import_watch
from dagflow.executors.import_watch import ImportWait, place_of_import, reporting_import
from dagflow.testing import default_options

SLOW = """
    import os, threading
    from pathlib import Path
    while os.getpid() != {parent} and not Path(__file__).with_name("answer").exists():
        threading.Event().wait(0.05)
"""
CAFE = """
    import {database}
    from dagflow import job, op

    @op
    def brew():
        return 1

    @job
    def cafe():
        brew()
"""


@pytest.fixture(name="instance")
def _instance():
    with instance_for_test() as instance:
        yield instance


@pytest.fixture
def cafe(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a job whose module imports a database that answers when the file `answer` exists."""
    import os

    monkeypatch.syspath_prepend(tmp_path)
    name = re.sub(r"\W", "_", request.node.name)
    database = f"database_of_{name}"
    for module, text in (
        (database, SLOW.format(parent=os.getpid())),
        (name, CAFE.format(database=database)),
    ):
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return build_reconstructable_job(name, "cafe", reconstructor_working_directory=str(tmp_path))


def is_import_of(text: str, cafe: Any) -> bool:
    """Return whether a message names the module, the time and the place of the hanging import."""
    name = cafe.location.name
    pattern = (
        rf"has been importing module '{name}' since \d\d:\d\d:\d\d; "
        rf"it is at (module 'threading'|module 'database_of_{name}', file '.*', line \d)"
    )
    return re.search(pattern, text) is not None


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_slow_import_is_shown(instance: DagflowInstance, cafe: Any, tmp_path: Path, method: str) -> None:
    """After a second the user sees which module is imported since when, and the run goes on."""
    told: list[str] = []

    def notify(text: str) -> None:
        told.append(text)
        (tmp_path / "answer").touch()

    with default_options(notify=notify):
        config = {"execution": {"config": {"multiprocess": {"start_method": {method: {}}}}}}
        result = execute_job(cafe, instance, run_config=config)

    assert result.success
    assert [is_import_of(text, cafe) for text in told] == [True], told


def test_an_interrupt_names_the_import(
    instance: DagflowInstance, cafe: Any, interrupted: Callable[[Callable[[], Any]], Any]
) -> None:
    """An interrupt ends the wait at once, and the error of the run names the module."""
    with default_options(notify=lambda _: signal.raise_signal(signal.SIGINT)):
        result = interrupted(lambda: execute_job(cafe, instance, raise_on_error=True))

    assert is_import_of(result.get_run_failure_event().job_failure_data.error.message, cafe)


def test_an_import_can_be_limited(instance: DagflowInstance, cafe: Any) -> None:
    """With `import_timeout` the run fails after this time, with the name of the module."""
    config = {"execution": {"config": {"multiprocess": {"import_timeout": 0.3}}}}
    with default_options(notify=str), pytest.raises(DagflowImportError) as caught:
        execute_job(cafe, instance, run_config=config, raise_on_error=True)

    assert f"has been importing module '{cafe.location.name}' since" in str(caught.value)
    assert "The limit 'import_timeout' of 0.3 s is over" in str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1, "soon"])
def test_a_limit_is_positive(seconds: Any) -> None:
    """A limit of zero or less, or of another type, is refused."""
    with pytest.raises(CheckError, match="'import_timeout' of the multiprocess executor must be a number"):
        MultiprocessExecutor(import_timeout=seconds)


def test_a_limit_is_refused_where_it_has_no_effect() -> None:
    """With `spawn` each step imports the module, so the error names the limit of a step."""
    with pytest.raises(CheckError, match=r"no effect with the start method 'spawn'.*'dagflow/step_timeout'"):
        MultiprocessExecutor(start_method={"spawn": {}}, import_timeout=1)


def test_a_fast_import_is_not_shown() -> None:
    """A wait of less than a second shows nothing, and one without limit goes on for ever."""
    told: list[str] = []
    wait = ImportWait("cafe", told.append, None)
    wait.check()

    wait.place = "module 'cafe'"
    wait.check()

    assert told == []
    assert 0 < wait.seconds() <= import_watch.SHORT_WAIT  # type: ignore[operator]


def test_an_imported_module_is_not_watched() -> None:
    """Without an import no thread is started."""
    before = threading.active_count()
    with reporting_import("threading", str):
        assert threading.active_count() == before


def test_a_thread_without_an_import_has_no_place() -> None:
    """The place is empty if the thread imports nothing, or has ended."""
    places = []
    thread = threading.Thread(target=lambda: places.append(place_of_import(threading.get_ident())))
    thread.start()
    thread.join()

    assert places == [""]
    assert place_of_import(-1) == ""
