"""The multiprocess executor: every failure in a step process reaches the parent, and no process remains."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from process_jobs import FOLDER, fail_first, found
from run_checks import CHAIN_SEQUENCE, is_process, of_type, wait_for

from dagflow import (
    DagflowEventType,
    DagflowInstance,
    DagflowRunStatus,
    ReexecutionOptions,
    build_reconstructable_job,
    execute_job,
    instance_for_test,
)
from dagflow.errors import (
    CheckError,
    DagflowImportError,
    DagflowSubprocessError,
    DagflowUnmetExecutorRequirementsError,
)
from dagflow.executors import fork_client, multiprocess
from dagflow.processes import Process, is_alive, this_process
from dagflow.testing import VirtualClock, observe, run_options

T = DagflowEventType


@pytest.fixture(name="instance")
def _instance() -> Iterator[DagflowInstance]:
    with instance_for_test() as instance:
        yield instance


def run(name: str, instance: DagflowInstance, *, raise_on_error: bool = False, **config: Any) -> Any:
    """Return the result of a job; `ops` is the config of its ops, the rest is the config of the executor."""
    ops = {op: {"config": given} for op, given in config.pop("ops", {}).items()}
    own = config if name == "chain" else {"multiprocess": config}
    run_config = {"ops": ops, "execution": {"config": own}}
    return execute_job(found(name), instance, run_config=run_config, raise_on_error=raise_on_error)


def test_the_sequence_of_a_chain(instance: DagflowInstance, sequence: Any) -> None:
    """Events come in the order of the specification (S27)."""
    result = run("chain", instance)

    assert sequence(result) == CHAIN_SEQUENCE


def test_the_result_of_an_undeclared_check_is_refused(instance: DagflowInstance) -> None:
    """The result of a check that no definition declares is not dropped in a step process either."""
    result = run("with_check", instance)

    assert not result.success
    (failure,) = result.get_step_failure_events()
    assert failure.event_specific_data.error.cls_name == "DagflowInvariantViolationError"
    assert "the asset check 'wet'" in failure.event_specific_data.error.message


def test_each_step_has_its_own_process(instance: DagflowInstance) -> None:
    """An event has the id of its process; events of the executor have the id of the parent."""
    events = run("chain", instance).all_events
    pids = {event.step_key: event.pid for event in events if event.event_type is T.STEP_START}

    assert len({*pids.values(), os.getpid()}) == 3
    assert {event.pid for event in events if event.event_type is T.STEP_WORKER_STARTING} == {os.getpid()}


def test_a_step_imports_no_module_of_dagflow(instance: DagflowInstance, tmp_path: Path) -> None:
    """The fork server has imported every module that a plain step needs: an import in each step is slow."""
    (tmp_path / "plain_job.py").write_text(
        "import sys\n"
        "from dagflow import job, op\n"
        "@op\ndef modules():\n    return [name for name in sys.modules if name.startswith('dagflow')]\n"
        "@job\ndef plain():\n    modules()\n"
    )
    program = (
        "import sys, plain_job; from dagflow.executors import fork_server as server;"
        "[server.import_module(name) for name in server._USED_BY_STEPS];"
        "print(*[name for name in sys.modules if name.startswith('dagflow')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    plain = build_reconstructable_job("plain_job", "plain", reconstructor_working_directory=str(tmp_path))

    with execute_job(plain, instance) as result:
        assert set(result.output_for_node("modules")) - set(done.stdout.split()) == set()


def test_the_instance_has_the_events_of_the_result(instance: DagflowInstance) -> None:
    """The events of the step processes are stored as they were sent."""
    result = run("mapping", instance)
    stored = [entry.dagflow_event for entry in instance.all_logs(result.run_id) if entry.is_dagflow_event]

    assert stored == result.all_events
    with result:
        assert result.output_for_node("total") == 5


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ("exit", "exited with code 3"),
        ("quiet exit", "exited with code 0"),
        ("kill", "signal 9 (SIGKILL)"),
        ("segfault", "signal 11 (SIGSEGV)"),
    ],
)
def test_a_process_that_dies_fails_its_step(instance: DagflowInstance, end: str, text: str) -> None:
    """The executor logs the cause, earlier events are kept, and independent steps run (S28)."""
    result = run("losing", instance, ops={"tried_once": {"end": end}})

    data = result.failure_data_for_node("tried_once")
    assert not result.success
    assert data.error.cls_name == "ChildProcessCrashException"
    assert text in data.error.message
    assert data.error_source.name == "FRAMEWORK_ERROR"
    starts = [event for event in result.events_for_node("tried_once") if event.event_type is T.STEP_START]
    assert len(starts) == 1
    engine_events = [
        e for e in result.all_events if e.event_type is T.ENGINE_EVENT and e.step_key == "tried_once"
    ]
    assert [text in event.message for event in engine_events] == [True]
    assert result.is_node_success("one")
    assert result.is_node_untouched("behind")
    failure = result.get_run_failure_event()
    assert failure.job_failure_data.error.cls_name == "DagflowSubprocessError"
    assert failure.job_failure_data.failure_reason.name == "RUN_EXCEPTION"
    assert result.all_events[-2].event_type is not T.ENGINE_EVENT


def test_a_lost_process_is_raised_with_raise_on_error(instance: DagflowInstance) -> None:
    """With raise_on_error the loss is raised; the failure of an op is not."""
    with pytest.raises(DagflowSubprocessError, match="exited with code 3") as caught:
        run("losing", instance, raise_on_error=True, ops={"tried_once": {"end": "exit"}})

    assert [info.cls_name for info in caught.value.subprocess_error_infos] == ["ChildProcessCrashException"]
    assert run("watched", instance, raise_on_error=True).success is False


def test_a_lost_process_is_tried_again(instance: DagflowInstance) -> None:
    """The retry policy of a step also covers the loss of its process (S29)."""
    result = run("regaining", instance, ops={"retried": {"end": "kill"}})

    assert result.success
    assert of_type(result, T.STEP_START, T.STEP_UP_FOR_RETRY, T.STEP_RESTARTED, T.STEP_WORKER_STARTING) == [
        ("retried", "STEP_WORKER_STARTING"),
        ("retried", "STEP_START"),
        ("retried", "STEP_UP_FOR_RETRY"),
        ("retried", "STEP_WORKER_STARTING"),
        ("retried", "STEP_RESTARTED"),
    ]


def test_retries_of_lost_processes_are_used_up(instance: DagflowInstance) -> None:
    """After the last attempt the step fails with the cause of the loss."""
    result = run("regaining", instance, ops={"retried": {"end": "exit", "attempts": 9}})

    assert result.failure_data_for_node("retried").error.cls_name == "ChildProcessCrashException"
    assert len(of_type(result, T.STEP_UP_FOR_RETRY)) == 1


def test_retries_can_be_disabled(instance: DagflowInstance) -> None:
    """`retries: disabled` in the executor's config also covers lost processes."""
    result = run("regaining", instance, retries={"disabled": {}}, ops={"retried": {"end": "exit"}})

    assert of_type(result, T.STEP_UP_FOR_RETRY, T.STEP_FAILURE) == [("retried", "STEP_FAILURE")]


def test_running_out_of_memory_is_an_error_of_the_step(instance: DagflowInstance) -> None:
    """A MemoryError is an error of the step like any other."""
    result = run("losing", instance, ops={"tried_once": {"end": "memory"}})

    assert result.failure_data_for_node("tried_once").error.cause.cls_name == "MemoryError"
    assert result.is_node_success("one")


def test_a_step_that_hangs_is_ended(instance: DagflowInstance) -> None:
    """Its process is killed after the time limit of its tag, and other steps continue."""
    result = run("late", instance, ops={"limited": {"end": "hang"}})

    error = result.failure_data_for_node("limited").error
    assert error.cls_name == "DagflowStepTimeoutError"
    assert "'limited'" in error.message
    assert "0.3 seconds" in error.message
    assert result.is_node_success("one")
    assert result.get_run_failure_event().job_failure_data.failure_reason.name == "STEP_FAILURE"


def test_what_cannot_be_pickled_fails_its_own_step(instance: DagflowInstance) -> None:
    """The step fails with the cause; the output or exception itself is not sent."""
    result = run("unspeakable", instance)

    output = result.failure_data_for_node("unpicklable").error
    assert output.cls_name == "DagflowInvariantViolationError"
    assert "cannot be pickled" in output.message
    raised = result.failure_data_for_node("raises_stubborn").error
    assert raised.cause.cls_name == "Stubborn"
    assert "this and that" in raised.cause.message
    meant = result.failure_data_for_node("fails_on_purpose").user_failure_data
    assert meant.description == "not today"
    assert meant.metadata["why"].value == "rain"


def test_a_resource_that_fails_in_the_process(instance: DagflowInstance) -> None:
    """RESOURCE_INIT_FAILURE and STEP_FAILURE have the step and the user's error; other steps run."""
    result = run("without_water", instance)

    assert of_type(result, T.RESOURCE_INIT_FAILURE, T.STEP_FAILURE) == [
        ("needs_tap", "RESOURCE_INIT_FAILURE"),
        ("needs_tap", "STEP_FAILURE"),
    ]
    assert result.failure_data_for_node("needs_tap").error.cls_name == "RuntimeError"
    assert result.is_node_success("one")
    with pytest.raises(DagflowSubprocessError, match="no water"):
        run("without_water", instance, raise_on_error=True)


def test_a_resource_that_cannot_be_closed_fails_nothing(instance: DagflowInstance) -> None:
    """Its error is an event of the step process."""
    result = run("dripping", instance)

    errors = [e.event_specific_data.error for e in result.all_events if e.event_type is T.ENGINE_EVENT]
    assert [error.cls_name for error in errors if error is not None] == ["RuntimeError"]
    assert result.success


def test_output_of_a_step_is_stored(instance: DagflowInstance, caplog: pytest.LogCaptureFixture) -> None:
    """stdout and stderr are stored per step; log lines reach the log of the run and Python's logging."""
    caplog.set_level(logging.DEBUG, "dagflow")
    result = run("speaking", instance)

    assert instance.captured_logs(result.run_id, "speaks").stdout == "to stdout\n"
    assert "to stderr\n" in instance.captured_logs(result.run_id, "speaks").stderr
    lines = [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagflow_event]
    text = "to the log of the run"
    assert (30, text, "speaks") in [(line.level, line.message, line.step_key) for line in lines]
    assert text in [record.orig_message for record in caplog.records]  # type: ignore[attr-defined]
    assert {line.level for line in lines if line.message != text} == {logging.DEBUG}  # of the I/O manager


def test_output_of_a_failed_step_is_logged(instance: DagflowInstance) -> None:
    """The log has the last lines of its stdout and stderr."""
    result = run("losing", instance, ops={"tried_once": {"end": "exit"}})

    shown = [entry.message for entry in instance.all_logs(result.run_id) if "wrote" in entry.message]
    assert len(shown) == 1
    assert "said on stdout\nsaid on stderr" in shown[0]
    assert "step 'tried_once'" in shown[0]


def test_hooks_run_where_the_step_ran(instance: DagflowInstance) -> None:
    """A failure hook sees the exception itself."""
    result = run("watched", instance)

    assert of_type(result, T.STEP_FAILURE, T.HOOK_COMPLETED) == [
        ("raises_stubborn", "STEP_FAILURE"),
        ("raises_stubborn", "HOOK_COMPLETED"),
    ]
    assert "hook saw Stubborn" in [entry.message for entry in instance.all_logs(result.run_id)]


@pytest.mark.parametrize("limit", [1, 2])
def test_max_concurrent(instance: DagflowInstance, limit: int) -> None:
    """The number of processes at a time is limited by the config."""
    result = run("crowd", instance, max_concurrent=limit)

    assert result.success
    assert most_at_once(result, lambda key: True) == limit


def most_at_once(result: Any, counts: Callable[[str], bool]) -> int:
    """Return the maximum number of selected steps that ran at a time."""
    most = now = 0
    for event in result.all_events:
        if event.step_key is not None and counts(event.step_key):
            now += event.event_type is T.STEP_WORKER_STARTING
            now -= event.event_type in (T.STEP_SUCCESS, T.STEP_FAILURE)
            most = max(most, now)
    return most


@pytest.mark.parametrize(
    ("limits", "names", "most"),
    [
        ([{"key": "database", "limit": 1}], "tiny huge", 1),
        ([{"key": "database", "value": "tiny", "limit": 1}], "tiny", 1),
        ([{"key": "database", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}], "tiny huge", 2),
        ([{"key": "database", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}], "huge", 1),
    ],
)
def test_limits_of_tags(instance: DagflowInstance, limits: Any, names: str, most: int) -> None:
    """No more steps with a tag run at a time than its limit; other steps fill the remaining slots."""
    result = run("crowd", instance, max_concurrent=4, tag_concurrency_limits=limits)

    assert result.success
    assert most_at_once(result, lambda key: key.split("_")[0] in names.split()) == most
    assert most_at_once(result, lambda key: True) > most


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"max_concurrent": -1}, "'max_concurrent'"),
        ({"tag_concurrency_limits": [{"key": "k", "limit": 0}]}, "'k'"),
    ],
)
def test_a_config_that_leaves_no_room(instance: DagflowInstance, config: Any, text: str) -> None:
    """Limits that allow no step fail the run before it begins."""
    result = run("crowd", instance, **config)

    assert [event.event_type for event in result.all_events] == [T.RUN_FAILURE]
    assert result.get_run_failure_event().job_failure_data.failure_reason.name == "JOB_INITIALIZATION_FAILURE"
    with pytest.raises(CheckError, match=text):
        run("crowd", instance, raise_on_error=True, **config)


def test_priorities(instance: DagflowInstance) -> None:
    """The highest priority starts first."""
    result = run("ranked", instance, max_concurrent=1)

    assert of_type(result, T.STEP_SUCCESS) == [("z", "STEP_SUCCESS"), ("a", "STEP_SUCCESS")]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_start_methods(instance: DagflowInstance, method: str) -> None:
    """Both start methods have the same result."""
    with run("chain", instance, start_method={method: {}}) as result:
        assert result.output_for_node("add_one") == 2


def test_assets(instance: DagflowInstance) -> None:
    """Assets are planned, materialized in processes, and recorded in the instance."""
    result = run("brewing", instance)

    assert result.success
    assert sorted(key.to_user_string() for key in instance.get_asset_keys()) == ["tea", "water"]
    types = [entry.dagflow_event_type for entry in instance.all_logs(result.run_id)]
    assert types[:3] == [T.ASSET_MATERIALIZATION_PLANNED, T.ASSET_MATERIALIZATION_PLANNED, T.RUN_START]


def test_dynamic_partitions(instance: DagflowInstance) -> None:
    """A step looks up its partition in the store, whose modules the fork server has imported."""
    instance.add_dynamic_partitions("cups", ["blue"])
    with execute_job(found("pouring"), instance, tags={"dagflow/partition": "blue"}) as result:
        modules = result.output_for_node("cup")

    assert modules.index("sqlalchemy") < modules.index("process_jobs")


def test_re_execution_from_failure(instance: DagflowInstance) -> None:
    """The failed steps run again in processes and load their inputs from the earlier run."""
    first = run("losing", instance, ops={"tried_once": {"end": "exit"}})
    options = ReexecutionOptions.from_failure(first.run_id, instance)
    config = {"ops": {"tried_once": {"config": {"attempts": 0}}}}

    second = execute_job(found("losing"), instance, run_config=config, reexecution_options=options)

    assert sorted(second.dagflow_run.step_keys_to_execute or ()) == ["behind", "tried_once"]
    assert second.is_node_untouched("one")


def test_run_options_reach_the_processes(instance: DagflowInstance) -> None:
    """Given values, faults and the clock apply in the step processes."""
    with run_options(given={"one": 41}, clock=VirtualClock(1000.0)), run("chain", instance) as result:
        assert result.output_for_node("add_one") == 42
    assert {event.timestamp for event in result.all_events} == {1000.0}
    assert result.is_node_untouched("one")

    with run_options(faults=fail_first):
        result = run("chain", instance)
    assert "fault in one" in result.failure_data_for_node("one").error.message


def test_options_that_cannot_be_pickled_are_refused(instance: DagflowInstance) -> None:
    """A function that pickle cannot import is refused before the run."""
    with (
        run_options(faults=lambda key, attempt: None),
        pytest.raises(DagflowUnmetExecutorRequirementsError, match="define them at the top of a module"),
    ):
        run("chain", instance, raise_on_error=True)


def test_observers_see_events_of_step_processes(instance: DagflowInstance) -> None:
    """Observers get each event of each process, and their errors end the run."""
    seen: list[Any] = []
    with observe(seen.append):
        result = run("chain", instance)
    assert seen == result.all_events

    def refuse(event: Any) -> None:
        if event.event_type is T.STEP_OUTPUT:
            raise LookupError("seen enough")

    with observe(refuse), pytest.raises(LookupError, match="seen enough"):
        run("chain", instance)


def written(folder: Path, name: str, text: str) -> Any:
    """Write a module with a job `cafe`, and return the job."""
    (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return build_reconstructable_job(name, "cafe", reconstructor_working_directory=str(folder))


CAFE = """
    from dagflow import job, op

    @op
    def brew():
        return 1

    @job
    def cafe():
        brew()
"""


def test_a_module_that_does_not_import_elsewhere(
    instance: DagflowInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of the run has the error of the import."""
    head = "import os\nif 'NO_CAFE' in os.environ:\n    raise LookupError('closed today')\n"
    cafe = written(tmp_path, "closed_cafe", head + textwrap.dedent(CAFE))
    monkeypatch.setenv("NO_CAFE", "1")

    result = execute_job(cafe, instance)

    assert [event.event_type for event in result.all_events] == [T.RUN_FAILURE]
    data = result.get_run_failure_event().job_failure_data
    assert data.failure_reason.name == "JOB_INITIALIZATION_FAILURE"
    assert "closed today" in data.error.message
    with pytest.raises(DagflowImportError, match="'cafe'"):
        execute_job(cafe, instance, raise_on_error=True)


def test_a_module_that_does_not_import_in_a_new_interpreter(
    instance: DagflowInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `spawn` each step fails with the error of the import."""
    head = "import os\nif 'NO_CAFE' in os.environ:\n    raise LookupError('closed today')\n"
    cafe = written(tmp_path, "shut_cafe", head + textwrap.dedent(CAFE))
    monkeypatch.setenv("NO_CAFE", "1")

    spawn = {"execution": {"config": {"multiprocess": {"start_method": {"spawn": {}}}}}}
    result = execute_job(cafe, instance, run_config=spawn)

    assert "closed today" in result.failure_data_for_node("brew").error.to_string()


def test_a_module_that_starts_threads(instance: DagflowInstance, tmp_path: Path) -> None:
    """If a fork is unsafe, steps run in new interpreters."""
    head = """
    import threading
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    """
    cafe = written(tmp_path, "threaded_cafe", textwrap.dedent(head) + textwrap.dedent(CAFE))

    assert execute_job(cafe, instance).success


def test_a_changed_module_is_imported_anew(instance: DagflowInstance, tmp_path: Path) -> None:
    """A fork server serves one version of a file."""
    first = written(tmp_path, "changing_cafe", CAFE)
    assert execute_job(first, instance).success
    del sys.modules["changing_cafe"]
    second = written(tmp_path, "changing_cafe", CAFE.replace("return 1", "return 2 * 21"))

    with execute_job(second, instance) as result:
        assert result.output_for_node("brew") == 42


def test_runs_of_several_threads(instance: DagflowInstance) -> None:
    """Threads can run jobs at the same time with one instance and one fork server."""
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(run("chain", instance))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [result.success for result in results] == [True] * 4
    assert instance.get_runs_count() == 4


def test_a_fork_server_that_is_killed(instance: DagflowInstance, tmp_path: Path) -> None:
    """Its step processes end with it and their steps fail; the next run starts another server."""
    note = tmp_path / "note"

    def kill(event: Any) -> None:
        if event.event_type is T.STEP_START and event.step_key == "tried_once":
            wait_for(lambda: note.exists() and note.read_text(encoding="utf-8"), "the step")
            for server in list(fork_client._servers.values()):  # noqa: SLF001 - the only list of servers
                os.kill(server.process.pid, signal.SIGKILL)

    with observe(kill):
        result = run("losing", instance, ops={"tried_once": {"end": "hang", "note": str(note)}})

    pid = next(e.pid for e in result.all_events if (e.step_key, e.event_type) == ("tried_once", T.STEP_START))
    assert result.failure_data_for_node("tried_once").error.cls_name == "ChildProcessCrashException"
    wait_for(lambda: not is_process(pid), "the end of the step's process")
    assert run("chain", instance).success


def test_child_processes_of_a_lost_step_are_killed(instance: DagflowInstance, tmp_path: Path) -> None:
    """Processes that user code started are killed with the step process."""
    note = tmp_path / "note"
    run("losing", instance, ops={"tried_once": {"end": "child", "note": str(note)}})

    pid = int(note.read_text(encoding="utf-8"))
    wait_for(lambda: not is_process(pid), "the end of what the step had started")


# a run in a process of its own

PROGRAM = f"""
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_DFL)
sys.path.insert(0, {FOLDER!r})
from process_jobs import found
from dagflow import DagflowInstance, execute_job
from dagflow.testing import observe

def report(event):
    if event.event_type_value == "STEP_START":
        print(event.run_id, event.pid, flush=True)

with observe(report):
    config = {{"ops": {{"tried_once": {{"config": {{"end": sys.argv[2], "note": sys.argv[3]}}}}}}}}
    execute_job(found("losing"), DagflowInstance.local_temp(sys.argv[1]), run_config=config)
"""


class Program:
    """A run in another process, with a step that waits for an interrupt."""

    def __init__(self, folder: Path, end: str) -> None:
        self.home, note = folder / "home", folder / "note"
        self.home.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.home), end, str(note)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for(lambda: note.exists() and note.read_text(encoding="utf-8"), "the step")
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().split() for _ in range(2)]
        self.run_id = lines[0][0]
        self.pids = [int(pid) for _, pid in lines]
        store = DagflowInstance.local_temp(str(self.home))
        wait_for(lambda: len(store.all_logs(self.run_id, T.STEP_START)) == 2, "the events in the store")

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def ended(self) -> tuple[DagflowInstance, list[tuple[str | None, DagflowEventType | None]]]:
        """Return the instance and the log of the run, after its process and step processes have ended."""
        self.process.communicate(timeout=30)
        for pid in self.pids:
            wait_for(lambda pid=pid: not is_process(pid), "the end of the step's process")
        instance = DagflowInstance.local_temp(str(self.home))
        entries = instance.all_logs(self.run_id)
        return instance, [(entry.step_key, entry.dagflow_event_type) for entry in entries]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_steps_and_the_run(tmp_path: Path, number: int) -> None:
    """Running steps end with STEP_FAILURE, no other step starts, and the run fails with the reason."""
    with Program(tmp_path, "hang") as program:
        program.process.send_signal(number)
        instance, log = program.ended()

        assert (("tried_once", T.STEP_FAILURE)) in log
        assert log[-1] == (None, T.RUN_FAILURE)
        events = instance.all_logs(program.run_id, {T.STEP_FAILURE, T.RUN_FAILURE})
        assert [entry.error_info.cls_name for entry in events if entry.error_info] == [
            "DagflowExecutionInterruptedError"
        ] * 2
        run = instance.get_run_by_id(program.run_id)
        assert run is not None
        assert run.status is DagflowRunStatus.FAILURE
        assert run.tags["dagflow/failure_reason"] == "UNEXPECTED_TERMINATION"


def test_a_second_interrupt_kills_steps_that_ignore_the_first(tmp_path: Path) -> None:
    """A step that ignores the first interrupt is killed by the second."""
    with Program(tmp_path, "deaf") as program:
        store = DagflowInstance.local_temp(str(program.home))
        program.process.send_signal(signal.SIGINT)
        wait_for(lambda: len(store.all_logs(program.run_id, T.ENGINE_EVENT)) > 1, "the first to be noticed")
        program.process.send_signal(signal.SIGINT)
        _, log = program.ended()

        assert (("tried_once", T.STEP_FAILURE)) in log
        assert log[-1] == (None, T.RUN_FAILURE)


def test_a_run_is_canceled_from_another_process(tmp_path: Path) -> None:
    """The run is interrupted and ends as canceled, not as failed."""
    with Program(tmp_path, "hang") as program:
        assert DagflowInstance.local_temp(str(program.home)).cancel_run(program.run_id)
        instance, log = program.ended()

        event_types = [event_type for _, event_type in log]
        assert event_types.count(T.RUN_CANCELING) == 1
        assert event_types[-1] is T.RUN_CANCELED
        assert T.RUN_FAILURE not in event_types
        run = instance.get_run_by_id(program.run_id)
        assert run is not None
        assert run.is_canceled


def test_a_killed_parent_leaves_no_process(tmp_path: Path) -> None:
    """Its steps end with it, its events can be read, and `recover` marks the run as failed."""
    with Program(tmp_path, "deaf") as program:
        program.process.kill()
        instance, log = program.ended()

        assert (None, T.RUN_START) in log
        assert (("tried_once", T.STEP_START)) in log
        assert instance.recover() == [program.run_id]
        failure = instance.all_logs(program.run_id)[-1]
        assert failure.dagflow_event_type is T.RUN_FAILURE
        assert str(program.process.pid) in failure.message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_module_is_imported(
    instance: DagflowInstance,
    tmp_path: Path,
    number: signal.Signals,
    interrupted: Callable[[Callable[[], Any]], Any],
) -> None:
    """An import in the fork server that does not end can be interrupted."""
    name = f"interrupting_{number.name.lower()}"
    here = f"import os, signal\nif os.getpid() != {os.getpid()}:\n    os.kill(os.getppid(), {int(number)})\n"
    cafe = "    signal.pause()\nfrom dagflow import job\n@job\ndef cafe():\n    pass\n"
    (tmp_path / f"{name}.py").write_text(here + cafe, encoding="utf-8")
    pointer = build_reconstructable_job(name, "cafe", reconstructor_working_directory=str(tmp_path))
    result = interrupted(lambda: execute_job(pointer, instance, raise_on_error=True))

    data = result.get_run_failure_event().job_failure_data
    assert data.failure_reason.name == "UNEXPECTED_TERMINATION"
    assert data.error.cls_name == "DagflowExecutionInterruptedError"


def test_a_process_that_user_code_forks_sends_nothing(instance: DagflowInstance) -> None:
    """Only the step process itself sends the end of the step."""
    result = run("forking", instance)

    assert result.success
    assert len(of_type(result, T.STEP_OUTPUT)) == 1


def test_a_step_may_finish_things_at_exit(instance: DagflowInstance, tmp_path: Path) -> None:
    """The end of the run waits for the `atexit` functions of a step."""
    note = tmp_path / "note"
    result = run("regaining", instance, ops={"retried": {"end": "finish later", "note": str(note)}})

    assert result.success
    assert note.read_text(encoding="utf-8") == "finished"


def test_no_file_descriptors_left(instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step fails with the cause if its process cannot be started."""

    def start(channel: fork_client.Channel, task: str) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(fork_client.Channel, "start", start)
    result = run("chain", instance)

    message = result.failure_data_for_node("one").error.message
    assert "Too many open files" in message
    assert "max_concurrent" in message


def test_a_process_that_does_not_get_its_spec(
    instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends and its step fails; neither process waits for the other."""

    def send(connection: Any, spec: Any) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(multiprocess, "send_object", send)
    result = run("chain", instance)

    assert "unexpectedly exited" in result.failure_data_for_node("one").error.message


def test_a_path_entry_that_is_not_a_string(
    instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step processes ignore it, as Python does here."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "path", [*sys.path, Path(FOLDER)])

    assert run("chain", instance).success


def test_a_script_without_a_guard(tmp_path: Path) -> None:
    """A script that runs its job during its import gets an error instead of an endless loop."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            from dagflow import execute_job, instance_for_test, job, op, reconstructable

            @op
            def one():
                return 1

            @job
            def lonely():
                one()

            with instance_for_test() as instance:
                execute_job(reconstructable(lonely), instance, raise_on_error=True)
        """),
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert "a job is run while" in done.stderr
    assert "if __name__" in done.stderr


def test_this_process_is_alive() -> None:
    """The identity of this process is alive, and another start time is not."""
    own = this_process()

    assert is_alive(own)
    assert not is_alive(Process(own.host, own.pid, "another start"))


@pytest.mark.parametrize("left", ["SystemExit", "asyncio.CancelledError", "GeneratorExit"])
def test_an_exit_is_a_failed_step(instance: DagflowInstance, tmp_path: Path, left: str) -> None:
    """A step whose op raises an exit or a cancellation fails, and the other steps run."""
    cafe = written(
        tmp_path,
        f"{left.lower().replace('.', '_')}_cafe",
        f"""
        import asyncio
        from dagflow import job, op

        @op
        def leaves():
            raise {left}

        @op
        def beans():
            return 1

        @job
        def cafe():
            leaves(), beans()
        """,
    )
    result = execute_job(cafe, instance)

    assert result.get_failed_step_keys() == {"leaves"}
    assert result.is_node_success("beans")
    data = result.failure_data_for_node("leaves")
    assert (data.error.cls_name, data.error_source.name) == (left.rpartition(".")[2], "UNEXPECTED_ERROR")
