"""The dask executor on real processes: losses are reported, no step runs twice, nothing remains."""

from __future__ import annotations

import gc
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

pytest.importorskip("distributed", reason="it is not installed: pip install -e '.[dask]'")

from dask_jobs import found
from dask_processes import Cluster
from process_jobs import FOLDER, fail_first
from run_checks import CHAIN_SEQUENCE, is_process, of_type, wait_for

from dagflow import (
    CheckError,
    DagflowEventType,
    DagflowInstance,
    DagflowRunStatus,
    build_reconstructable_job,
    execute_job,
    instance_for_test,
)
from dagflow.errors import DagflowSubprocessError, DagflowUnmetExecutorRequirementsError
from dagflow.executors import dask as executor
from dagflow.testing import VirtualClock, default_options, observe, run_options

T = DagflowEventType


@pytest.fixture(scope="module", name="cluster")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler that starts lost tasks again, and two workers that are started again when they die; of one
    thread each, so that no step dies with another.
    """
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start_worker("--nthreads", "1")
        cluster.start_worker("--nthreads", "1")
        cluster.wait_for_threads(2)
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(name="instance")
def _instance() -> Iterator[DagflowInstance]:
    with instance_for_test() as instance:
        yield instance


def run(name: str, instance: DagflowInstance, where: Cluster | None, **given: Any) -> Any:
    """Return the result of a job on a cluster.

    `ops` is the config of its ops, `raise_on_error` is forwarded, the rest is the config of the executor.
    """
    ops = {op: {"config": config} for op, config in given.pop("ops", {}).items()}
    raise_on_error = given.pop("raise_on_error", False)
    if where is not None:
        given["cluster"] = {"existing": {"address": where.address}}
    run_config = {"ops": ops, "execution": {"config": given}}
    return execute_job(found(name), instance, run_config=run_config, raise_on_error=raise_on_error)


def messages(result: Any, step_key: str | None) -> list[str]:
    """Return the messages of the executor's own events about a step."""
    engine_events = [event for event in result.all_events if event.event_type is T.ENGINE_EVENT]
    return [str(event.message) for event in engine_events if event.step_key == step_key]


def notes(folder: Path) -> list[list[str]]:
    """Return the notes of steps: process, op and attempt."""
    file = folder / "notes"
    return [line.split() for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def killing(folder: Path, number: int = 1) -> Callable[[], None]:
    """Kill the process with the n-th note, from a thread. Returns a function that waits for the kill."""

    def kill() -> None:
        lines = wait_for(lambda: len(notes(folder)) >= number and notes(folder), "the step")
        os.kill(int(lines[number - 1][0]), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread.join


def test_the_sequence_of_a_chain(cluster: Cluster, instance: DagflowInstance, sequence: Any) -> None:
    """Events are in the order of the specification (S27), and are stored in that order."""
    result = run("chain", instance, cluster)

    assert sequence(result) == CHAIN_SEQUENCE
    stored = [entry.dagflow_event for entry in instance.all_logs(result.run_id) if entry.is_dagflow_event]
    assert stored == result.all_events
    with result:
        assert result.output_for_node("add_one") == 2


def test_a_worker_that_dies_fails_its_step(cluster: Cluster, instance: DagflowInstance) -> None:
    """The executor logs the loss, earlier events are kept, and independent steps run (S28)."""
    result = run("losing", instance, cluster, ops={"tried_once": {"end": "kill"}})

    data = result.failure_data_for_node("tried_once")
    assert data.error.cls_name == "ChildProcessCrashException"
    assert "step 'tried_once' was lost: the connection to its worker (process" in data.error.message
    assert data.error_source.name == "FRAMEWORK_ERROR"
    assert ("tried_once", "STEP_START") in of_type(result, T.STEP_START)
    assert ["was lost" in message for message in messages(result, "tried_once")] == [True]
    assert result.is_node_success("one")
    assert result.is_node_untouched("behind")
    failure = result.get_run_failure_event().job_failure_data
    assert failure.error.cls_name == "DagflowSubprocessError"
    assert failure.failure_reason.name == "RUN_EXCEPTION"


def test_a_lost_worker_is_raised_with_raise_on_error(cluster: Cluster, instance: DagflowInstance) -> None:
    """With raise_on_error the loss is raised."""
    with pytest.raises(DagflowSubprocessError, match="was lost") as caught:
        run("losing", instance, cluster, raise_on_error=True, ops={"tried_once": {"end": "exit"}})

    assert [info.cls_name for info in caught.value.subprocess_error_infos] == ["ChildProcessCrashException"]


def test_a_lost_step_is_tried_again_elsewhere(
    cluster: Cluster, instance: DagflowInstance, tmp_path: Path
) -> None:
    """The retry policy of a step covers the loss of its worker; each attempt runs user code once."""
    join = killing(tmp_path)
    result = run(
        "waiting_again", instance, cluster, ops={"waits_again": {"folder": str(tmp_path), "attempts": 1}}
    )
    join()

    assert result.success
    of_it = {T.STEP_WORKER_STARTING, T.STEP_START, T.STEP_UP_FOR_RETRY, T.STEP_RESTARTED, T.STEP_SUCCESS}
    assert [event_type for step, event_type in of_type(result, *of_it) if step == "waits_again"] == [
        "STEP_WORKER_STARTING",
        "STEP_START",
        "STEP_UP_FOR_RETRY",
        "STEP_WORKER_STARTING",
        "STEP_RESTARTED",
        "STEP_SUCCESS",
    ]
    (first, *_), (second, *_) = noted = notes(tmp_path)
    assert first != second
    assert [attempt for _, _, attempt in noted] == ["0", "1"]


def test_a_task_that_the_scheduler_restarts_is_refused(
    cluster: Cluster, instance: DagflowInstance, tmp_path: Path
) -> None:
    """Without a retry policy a step runs once, although the scheduler restarts its task."""
    join = killing(tmp_path)
    result = run("waiting", instance, cluster, ops={"waits": {"folder": str(tmp_path)}})
    join()

    assert of_type(result, T.STEP_FAILURE, T.STEP_UP_FOR_RETRY) == [("waits", "STEP_FAILURE")]
    assert run("chain", instance, cluster).success  # its tasks are the next of the other worker
    assert len(notes(tmp_path)) == 1


def test_a_step_that_hangs_is_ended(cluster: Cluster, instance: DagflowInstance) -> None:
    """Its worker is killed after the time limit of its tag, and other steps continue."""
    result = run("late", instance, cluster, ops={"limited": {"end": "hang"}})

    error = result.failure_data_for_node("limited").error
    assert error.cls_name == "DagflowStepTimeoutError"
    assert "'limited' took longer than the 0.3 seconds" in error.message
    assert result.is_node_success("one")
    assert result.get_run_failure_event().job_failure_data.failure_reason.name == "STEP_FAILURE"


def test_the_time_of_a_step_begins_with_it(cluster: Cluster, instance: DagflowInstance) -> None:
    """The time limit of a step does not include its wait for a worker."""
    result = run("queueing", instance, cluster)

    assert result.success


def test_what_cannot_be_pickled_fails_its_own_step(cluster: Cluster, instance: DagflowInstance) -> None:
    """The step fails with the cause; the output or exception itself is not sent."""
    result = run("unspeakable", instance, cluster)

    assert "cannot be pickled" in result.failure_data_for_node("unpicklable").error.message
    assert result.failure_data_for_node("raises_stubborn").error.cause.cls_name == "Stubborn"
    assert result.failure_data_for_node("fails_on_purpose").user_failure_data.description == "not today"


def test_output_of_steps_is_not_mixed(cluster: Cluster, instance: DagflowInstance) -> None:
    """It is, even if several steps run in one process at once."""
    worker = cluster.start_worker("--nthreads", "4", "--no-nanny")
    cluster.wait_for_threads(5)
    result = run("writing", instance, cluster)
    worker.terminate()
    worker.wait(timeout=60)

    for number in range(12):
        logs = instance.captured_logs(result.run_id, f"writes_{number}")
        assert logs.stdout == f"writes_{number} on stdout\n"
        assert logs.stderr == f"writes_{number} on stderr\n"


def test_output_of_a_lost_step_is_logged(cluster: Cluster, instance: DagflowInstance) -> None:
    """The log has the last lines of its stdout and stderr."""
    result = run("losing", instance, cluster, ops={"tried_once": {"end": "exit"}})

    shown = [entry.message for entry in instance.all_logs(result.run_id) if "wrote" in entry.message]
    assert len(shown) == 1
    assert "said on stdout\nsaid on stderr" in shown[0]


def test_steps_see_the_instance(cluster: Cluster, instance: DagflowInstance) -> None:
    """Steps can read the instance of the parent."""
    with run("asking", instance, cluster) as result:
        assert result.output_for_node("asks_0") is True


def test_run_options_reach_the_workers(cluster: Cluster, instance: DagflowInstance) -> None:
    """Given values, faults and the clock apply in the workers."""
    with (
        run_options(given={"one": 41}, clock=VirtualClock(1000.0)),
        run("chain", instance, cluster) as result,
    ):
        assert result.output_for_node("add_one") == 42
    assert {event.timestamp for event in result.all_events} == {1000.0}

    with run_options(faults=fail_first):
        result = run("chain", instance, cluster)
    assert "fault in one" in result.failure_data_for_node("one").error.message


def test_mapped_steps(cluster: Cluster, instance: DagflowInstance) -> None:
    """Steps on other workers read the dynamic outputs of a step."""
    with run("mapping", instance, cluster) as result:
        assert result.output_for_node("total") == 5


def test_runs_of_several_threads(cluster: Cluster, instance: DagflowInstance) -> None:
    """Two runs at once on one cluster and one instance do not affect each other."""
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda name=name: results.append(run(name, instance, cluster)))
        for name in ("chain", "mapping")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [result.success for result in results] == [True] * 2
    assert {result.job_def.name for result in results} == {"chain", "mapping"}


def test_a_run_leaves_nothing_here(cluster: Cluster, instance: DagflowInstance) -> None:
    """After a run on an existing cluster no thread and no open socket remains."""
    run("chain", instance, cluster)  # the first run starts threads that distributed keeps
    threads, sockets = threading.active_count(), open_sockets()

    run("chain", instance, cluster)

    wait_for(lambda: threading.active_count() <= threads, "the end of threads")
    assert open_sockets() <= sockets


def open_sockets() -> int:
    """Return the number of open sockets of this process."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return 0
    links = [os.readlink(path) for path in folder.iterdir() if os.path.lexists(path)]
    return sum(link.startswith("socket:") for link in links)


# errors before a run begins


def refusal(result: Any) -> str:
    """Return the reason why a run did not begin."""
    assert [event.event_type for event in result.all_events] == [T.RUN_FAILURE]
    data = result.get_run_failure_event().job_failure_data
    assert data.failure_reason.name == "JOB_INITIALIZATION_FAILURE"
    assert data.error.cls_name == "DagflowUnmetExecutorRequirementsError"
    message: str = data.error.message
    return message


def test_a_scheduler_that_does_not_answer(instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run fails before it begins, with the address and a remedy."""
    monkeypatch.setattr(executor, "_TIMEOUT", 0.2)
    config = {"cluster": {"existing": {"address": "tcp://127.0.0.1:9"}}}

    message = refusal(run("chain", instance, None, **config))

    assert "no scheduler answers at 'tcp://127.0.0.1:9'" in message
    assert "Start one ('dask scheduler')" in message
    with pytest.raises(DagflowUnmetExecutorRequirementsError, match="no scheduler answers"):
        run("chain", instance, None, raise_on_error=True, **config)


def test_nothing_is_collected_while_a_client_connects(
    instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client of an earlier run that is collected then closes itself, which could wait without end."""
    collects: list[bool] = []

    def connect(*_: Any, **__: Any) -> None:
        collects.append(gc.isenabled())
        raise OSError("nobody is there")

    monkeypatch.setattr("distributed.Client", connect)
    run("chain", instance, None, cluster={"existing": {"address": "tcp://a:1"}})

    assert (collects, gc.isenabled()) == ([False], True)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"existing": {"address": "carrier://pigeon"}}, "no scheduler answers at 'carrier://pigeon'"),
        ({"existing": {"address": "inproc://1.2.3.4/5/6"}}, "is in this one"),
        ({"local": {"processes": False}}, "'processes' at execution.config.cluster.local"),
        ({"local": {"n_workers": 1, "colour": "red"}}, "arguments of distributed.LocalCluster"),
    ],
)
def test_a_cluster_that_cannot_be(instance: DagflowInstance, config: Any, text: str) -> None:
    """The error names the invalid setting."""
    assert text in refusal(run("chain", instance, None, cluster=config))


def test_a_cluster_without_workers(instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps fail after a timeout."""
    monkeypatch.setattr(executor, "_NO_WORKERS_TIMEOUT", "100 ms")

    result = run("chain", instance, None, cluster={"local": {"n_workers": 0}})

    (failure,) = of_type(result, T.STEP_FAILURE)
    assert any("NoWorkerError" in message for message in messages(result, failure[0]))


def test_without_distributed(instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the package to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)

    assert "pip install 'pytest-dagflow[dask]'" in refusal(run("chain", instance, None))


def test_values_in_memory_are_refused(instance: DagflowInstance) -> None:
    """The error comes before the run, since other processes cannot read the values."""
    with pytest.raises(DagflowUnmetExecutorRequirementsError, match="'one' is kept in memory"):
        run("forgetful", instance, None)

    assert instance.get_runs_count() == 0


def test_a_negative_limit(instance: DagflowInstance) -> None:
    """A negative limit is refused, as for the other executors."""
    with pytest.raises(CheckError, match="'max_concurrent'"):
        run("chain", instance, None, max_concurrent=-1, raise_on_error=True)


def test_a_module_that_does_not_import_in_a_worker(
    cluster: Cluster, instance: DagflowInstance, tmp_path: Path
) -> None:
    """Each step fails with the error of the import; the worker continues."""
    text = f"""
        import os
        if os.getpid() != {os.getpid()}:
            raise LookupError("closed today")
        from dagflow import dask_executor, job, op

        @op
        def brew():
            return 1

        @job(executor_def=dask_executor)
        def cafe():
            brew()
    """
    (tmp_path / "shy_cafe.py").write_text(textwrap.dedent(text), encoding="utf-8")
    cafe = build_reconstructable_job("shy_cafe", "cafe", reconstructor_working_directory=str(tmp_path))
    config = {"execution": {"config": {"cluster": {"existing": {"address": cluster.address}}}}}

    error = execute_job(cafe, instance, run_config=config).failure_data_for_node("brew").error

    assert error.cls_name == "DagflowImportError"
    assert "LookupError: `closed today` while importing module 'shy_cafe'" in error.message
    assert run("chain", instance, cluster).success


# clusters of their own


def test_a_scheduler_that_dies(
    instance: DagflowInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running steps can end; steps without a worker fail with the reason."""
    cluster = Cluster(tmp_path)
    clients: list[Any] = []
    make_client = executor._client  # noqa: SLF001 - the run has no other way to its client

    def note_client(*arguments: Any) -> Any:
        clients.append(make_client(*arguments))
        return clients[0]

    monkeypatch.setattr(executor, "_client", note_client)

    def kill(event: Any) -> None:
        if (event.step_key, event.event_type) == ("waits", T.STEP_START):
            cluster.scheduler.kill()
            cluster.scheduler.wait()
            wait_for(lambda: clients[0].status != "running", "the client to notice")
            (tmp_path / "go").touch()

    try:
        cluster.start_worker("--no-nanny", "--nthreads", "1")
        cluster.wait_for_threads(1)
        with observe(kill):
            result = run("outliving", instance, cluster, ops={"waits": {"folder": str(tmp_path)}})
    finally:
        cluster.close()

    assert result.is_node_success("waits")
    assert "lost by the scheduler" in result.failure_data_for_node("zz_after").error.message
    assert "could not be submitted to the scheduler" in result.failure_data_for_node("behind").error.message
    assert result.get_run_failure_event().job_failure_data.error.cls_name == "DagflowSubprocessError"


def test_work_that_a_step_left_behind_is_finished(instance: DagflowInstance, tmp_path: Path) -> None:
    """A cluster of one run is closed after the threads of its steps, and after their files are flushed."""
    told: list[str] = []

    def notify(text: str) -> None:
        told.append(text)
        (tmp_path / "note.go").touch()

    ops = {"leaves_work": {"note": str(tmp_path / "note")}}
    with default_options(notify=notify):
        result = run("leaving", instance, None, ops=ops, cluster={"local": {"n_workers": 1}})

    assert result.success
    assert (tmp_path / "note.thread").read_text(encoding="utf-8") == "finished"
    assert (tmp_path / "note.file").read_text(encoding="utf-8") == "finished"
    assert len(told) == 1
    assert "the cluster waits up to 60 s for the threads 'late'" in told[0]


def test_a_cluster_is_started_and_closed_for_a_run(instance: DagflowInstance) -> None:
    """This is the default. Its workers end with the run."""
    seen: list[int] = []

    def note(event: Any) -> None:
        if event.event_type is T.STEP_START:
            seen.append(event.pid)

    with observe(note):
        result = run("chain", instance, None, cluster={"local": {"n_workers": 1}})

    assert result.success
    assert os.getpid() not in seen
    wait_for(lambda: not any(is_process(pid) for pid in seen), "the end of the workers")


# a run in a process of its own

PROGRAM = f"""
import sys
sys.path.insert(0, {FOLDER!r})
from dask_jobs import found
from dagflow import DagflowInstance, execute_job
home, address, folder, deaf = sys.argv[1:]
config = {{
    "ops": {{"waits": {{"config": {{"folder": folder, "is_deaf": deaf == "deaf"}}}}}},
    "execution": {{"config": {{"cluster": {{"existing": {{"address": address}}}}}}}},
}}
execute_job(found("waiting_alone"), DagflowInstance.local_temp(home), run_config=config)
"""


class Program:
    """A run in another process, with a step that waits for an interrupt."""

    def __init__(self, folder: Path, address: str, reaction: str) -> None:
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, str(self.home), address, str(folder), reaction],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for(lambda: notes(folder) or self.process.poll() is not None, "the step")

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def store(self) -> tuple[DagflowInstance, str]:
        """Return the instance and the id of its run."""
        instance = DagflowInstance.local_temp(str(self.home))
        return instance, instance.get_runs()[0].run_id

    def ended(self) -> tuple[DagflowInstance, str]:
        """Return the instance and the run id after the process has ended without an error."""
        _, stderr = self.process.communicate(timeout=60)
        assert (self.process.returncode, "Traceback" in stderr) == (0, False), stderr
        return self.store()


def test_an_interrupt_ends_the_steps_and_the_run(cluster: Cluster, tmp_path: Path) -> None:
    """Running steps end with STEP_FAILURE, the run fails with the reason, and the worker continues."""
    with Program(tmp_path, cluster.address, "listens") as program:
        program.process.send_signal(signal.SIGINT)
        instance, run_id = program.ended()

        ends = instance.all_logs(run_id, {T.STEP_FAILURE, T.RUN_FAILURE})
        assert [(entry.step_key, entry.error_info.cls_name) for entry in ends if entry.error_info] == [
            ("waits", "DagflowExecutionInterruptedError"),
            (None, "DagflowExecutionInterruptedError"),
        ]
        stored = instance.get_run_by_id(run_id)
        assert stored is not None
        assert stored.status is DagflowRunStatus.FAILURE
        assert is_process(int(notes(tmp_path)[0][0]))
        instance.dispose()


def test_a_second_interrupt_kills_workers(cluster: Cluster, tmp_path: Path) -> None:
    """A step that waits outside of Python is killed with its worker by the second one."""
    with Program(tmp_path, cluster.address, "deaf") as program:
        store, run_id = program.store()
        program.process.send_signal(signal.SIGINT)
        wait_for(lambda: len(store.all_logs(run_id, T.ENGINE_EVENT)) > 1, "the first to be noticed")
        program.process.send_signal(signal.SIGINT)
        instance, _ = program.ended()

        kinds = [entry.dagflow_event_type for entry in instance.all_logs(run_id)]
        assert kinds.count(T.STEP_FAILURE) == 1
        assert kinds[-1] is T.RUN_FAILURE
        instance.dispose()
        store.dispose()


def test_a_killed_parent_ends_its_steps(cluster: Cluster, tmp_path: Path) -> None:
    """Its steps on the cluster are interrupted; the worker continues."""
    with Program(tmp_path, cluster.address, "listens") as program:
        program.process.kill()
        pid = int(notes(tmp_path)[0][0])

        assert is_process(pid)
        wait_for(lambda: (tmp_path / "interrupted").exists(), "the end of the step")
        assert is_process(pid)
