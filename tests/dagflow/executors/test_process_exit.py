"""The end of a step process: threads, registered functions and files that user code left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagflow import DagflowInstance, build_reconstructable_job, execute_job, instance_for_test
from dagflow.executors.process_exit import finish_threads
from dagflow.testing import default_options

PROGRAM = """
import atexit, threading, time
from dagflow.executors.process_exit import end_process
print("begun")
{left}
end_process({status}, lambda text: print("the process", text, flush=True), {limit})
"""


def end(left: str, limit: float = 60, status: int = 0) -> tuple[int, list[str]]:
    """Return the exit status and the lines of a process that ends with something left behind."""
    program = PROGRAM.format(left=left, limit=limit, status=status)
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert process.stderr == ""
    begun, *lines = process.stdout.splitlines()
    assert begun == "begun"
    return process.returncode, lines


@pytest.mark.parametrize(
    "left",
    [
        "threading.Timer(0.1, print, ('finished',)).start()",
        "atexit.register(print, 'finished')",
        "from concurrent.futures import ThreadPoolExecutor as P; pool = P(); pool.submit(print, 'finished')",
    ],
)
@pytest.mark.parametrize("status", [0, 3])
def test_what_is_left_is_finished(left: str, status: int) -> None:
    """Threads, pools and registered functions finish before the process ends with its status."""
    assert end(left, status=status) == (status, ["finished"])


@pytest.mark.parametrize("status", [0, 3])
def test_files_are_flushed(tmp_path: Path, status: int) -> None:
    """A file that is open, also through another object, is written whole."""
    path = tmp_path / "note"
    left = f"import zipfile; file = open({str(path)!r}, 'w'); file.write('text')\n"
    left += f"zip = zipfile.ZipFile({str(path) + '.zip'!r}, 'w'); zip.writestr('name', 'text')"

    assert end(left, status=status) == (status, [])
    assert path.read_text(encoding="utf-8") == "text"
    assert (tmp_path / "note.zip").read_bytes().startswith(b"PK\x03\x04")


@pytest.mark.parametrize(
    ("left", "named"),
    [
        ("threading.Thread(target=threading.Event().wait, name='uploads').start()", "its threads 'uploads'"),
        ("atexit.register(threading.Event().wait)", "functions that are registered with atexit"),
    ],
)
def test_the_end_takes_a_limited_time(left: str, named: str) -> None:
    """A process that does not end is ended at the limit, with the names of its threads."""
    assert end(left, 0.1) == (
        1,
        [f"the process was ended 0.1 s after its step, although {named} had not finished"],
    )


def test_a_daemon_is_not_awaited() -> None:
    """A daemon thread ends with its process, as in any interpreter."""
    assert end("threading.Thread(target=threading.Event().wait, daemon=True).start()") == (0, [])


def test_a_process_of_others_waits_for_threads_alone() -> None:
    """Returns the names of the threads that do not finish in time."""
    event = threading.Event()
    thread = threading.Thread(target=event.wait, name="uploads", daemon=False)
    thread.start()

    assert "uploads" in finish_threads(0.01)
    event.set()
    thread.join()
    assert "uploads" not in finish_threads(0.01)


def written(folder: Path, name: str, text: str) -> Any:
    """Write a module with a job `cafe`, and return the job."""
    (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return build_reconstructable_job(name, "cafe", reconstructor_working_directory=str(folder))


@pytest.fixture(name="instance")
def _instance():
    with instance_for_test() as instance:
        yield instance


LEAVING = """
    import threading, zipfile
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing import get_context
    from pathlib import Path
    from dagflow import job, op

    FOLDER = Path(__file__).parent
    LOG = open(FOLDER / "log", "a")
    LOG.write("imported,")
    POOL = ThreadPoolExecutor()
    left = []

    def note(name):
        threading.Event().wait(0.05)
        (FOLDER / name).write_text("finished")

    @op
    def leaves():
        get_context("fork").Process(target=note, args=["process"]).start()
        threading.Thread(target=note, args=["thread"]).start()
        POOL.submit(note, "pool")
        left.append(open(FOLDER / "file", "w"))
        left[0].write("finished")
        LOG.write("step")

    @job
    def cafe():
        leaves()
"""


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_step_may_leave_work_behind(instance: DagflowInstance, tmp_path: Path, method: str) -> None:
    """Threads, pools and processes finish and files are flushed, whatever starts the process of the step."""
    cafe = written(tmp_path, f"{method}_leaving", LEAVING)
    config = {"execution": {"config": {"multiprocess": {"start_method": {method: {}}}}}}

    assert execute_job(cafe, instance, run_config=config).success
    for name in ("thread", "pool", "process", "file"):
        assert (tmp_path / name).read_text(encoding="utf-8") == "finished", name
    if method == "forkserver":  # the import is written once, not by each process
        assert (tmp_path / "log").read_text(encoding="utf-8") == "imported,step"
    sys.modules[f"{method}_leaving"].LOG.close()  # this process has imported the module as well


HANGING = """
    import threading
    from dagflow import job, op

    @op
    def hangs():
        threading.Thread(target=threading.Event().wait, name="uploads").start()

    @job
    def cafe():
        hangs()
"""


def test_an_interrupt_ends_the_wait(
    instance: DagflowInstance, tmp_path: Path, interrupted: Callable[[Callable[[], Any]], Any]
) -> None:
    """After a second the user is told what the process waits for, and an interrupt ends it at once."""
    told: list[str] = []

    def notify(text: str) -> None:
        told.append(text)
        signal.raise_signal(signal.SIGINT)

    cafe = written(tmp_path, "hanging", HANGING)
    with default_options(notify=notify):
        result = interrupted(lambda: execute_job(cafe, instance, raise_on_error=True))

    assert told == [
        "the process of step 'hangs' has run its step, and waits up to 60 s for its threads 'uploads'"
    ]
    assert result.is_node_success("hangs")
    error = result.get_run_failure_event().job_failure_data.error
    assert "while the processes of the steps 'hangs' ended" in error.message


def test_a_process_that_ignores_its_limit_is_killed(
    instance: DagflowInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent kills a process that does not end, says so, and the run succeeds."""
    told: list[str] = []
    monkeypatch.setattr("dagflow.executors.multiprocess.LIMIT", 0.0)
    monkeypatch.setattr("dagflow.executors.multiprocess._MORE_THAN_LIMIT", 0.1)
    cafe = written(tmp_path, "late_hanging", HANGING)
    with default_options(notify=told.append):
        result = execute_job(cafe, instance)

    assert result.success
    assert told == ["the process of step 'hangs' did not end in 0 s and is killed"]
    (line,) = [entry for entry in instance.all_logs(result.run_id) if entry.level == 30]
    assert line.user_message == told[0]
