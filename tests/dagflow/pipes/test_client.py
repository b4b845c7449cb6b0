"""Tests of `PipesSubprocessClient`: results, logs, failures and interrupts of an external process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import dagflow as df
from dagflow import errors

pytest.importorskip("dagster_pipes", reason="the external process needs the package dagster-pipes")

RAW = """
import base64, json, os, zlib
def params(name):
    return json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_" + name])))
file = open(params("MESSAGES")["path"], "a")
def send(method, **values):
    message = {"__dagster_pipes_version": "0.1", "method": method, "params": values}
    file.write(json.dumps(message) + "\\n")
"""


def child(*lines: str) -> list[str]:
    """Return the command of a process with an open connection `p`."""
    code = "\n".join(["from dagster_pipes import open_dagster_pipes", "with open_dagster_pipes() as p:"])
    return [sys.executable, "-c", code + "".join(f"\n    {line}" for line in lines)]


def raw(*lines: str) -> list[str]:
    """Return the command of a process that writes its messages itself, which starts faster."""
    return [sys.executable, "-S", "-c", RAW + "\n".join(lines)]


def run(command: Any, **arguments: Any) -> Any:
    """Return the result of a command in an op that is called directly."""

    @df.op
    def brew(context):
        return df.PipesSubprocessClient().run(context=context, command=command, **arguments)

    return brew(df.build_op_context())


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    """Each test ends without a thread and without a temporary file."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield
    assert list(folder.glob("dagflow-pipes-*")) == []
    assert [one.name for one in threading.enumerate() if "pipes" in one.name] == []


def test_an_asset_is_materialized_with_the_reports_of_the_process():
    """Metadata, data version, a check, a message and the context arrive in both directions."""
    spec = df.AssetCheckSpec("hot", asset="cups")
    seen: list[Any] = []

    @df.asset(check_specs=[spec], code_version="v1")
    def cups(context: df.AssetExecutionContext, pipes: df.PipesSubprocessClient):
        done = pipes.run(
            context=context,
            command=child(
                "p.log.warning('100% warm')",
                "page = {'raw_value': 'http://x', 'type': 'url'}",
                "p.report_asset_materialization(metadata={'n': 3, 'page': page}, data_version='dv')",
                "p.report_asset_check('hot', passed=False, severity='WARN', metadata={'k': 1.5})",
                "p.report_custom_message(p._data)",
            ),
            extras={"beans": [1]},
        )
        seen.extend(done.get_custom_messages())
        return done.get_materialize_result()

    instance = df.DagflowInstance.ephemeral()
    result = df.materialize([cups], resources={"pipes": df.PipesSubprocessClient()}, instance=instance)

    (made,) = result.asset_materializations_for_node("cups")
    assert made.metadata == {"n": df.MetadataValue.int(3), "page": df.MetadataValue.url("http://x")}
    assert made.tags["dagflow/data_version"] == "dv"
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity.name) == ("hot", False, "WARN")
    assert seen == [
        {
            "asset_keys": ["cups"],
            "code_version_by_asset_key": {"cups": "v1"},
            "provenance_by_asset_key": {"cups": None},
            "partition_key": None,
            "partition_key_range": None,
            "partition_time_window": None,
            "run_id": result.run_id,
            "job_name": result.job_def.name,
            "retry_number": 0,
            "extras": {"beans": [1]},
        }
    ]
    lines = [
        (one.level, one.user_message) for one in instance.all_logs(result.run_id) if not one.dagflow_event
    ]
    assert lines == [
        (20, "[pipes] external process successfully opened dagster pipes."),
        (30, "100% warm"),
    ]


def test_an_asset_check_runs_a_process():
    """The check of another asset has one result, that of the process."""

    @df.asset
    def cups():
        return 3

    @df.asset_check(asset=cups)
    def hot(context: df.AssetCheckExecutionContext, pipes: df.PipesSubprocessClient):
        command = child("p.report_asset_check('hot', passed=True)")
        return pipes.run(context=context, command=command).get_asset_check_result()

    result = df.materialize([cups, hot], resources={"pipes": df.PipesSubprocessClient()})

    assert [one.passed for one in result.get_asset_check_evaluations()] == [True]


def test_a_partition_in_a_direct_call():
    """The process gets the partition with its times, and each asset is a result in the order of the keys."""
    seen: list[Any] = []

    @df.multi_asset(
        specs=[df.AssetSpec("b"), df.AssetSpec(["a", "x"])],
        partitions_def=df.DailyPartitionsDefinition("2024-01-01"),
    )
    def both(context: df.AssetExecutionContext, pipes: df.PipesSubprocessClient):
        command = raw("send('report_custom_message', payload=json.load(open(params('CONTEXT')['path'])))")
        done = pipes.run(context=context, command=command)
        with pytest.raises(errors.DagflowInvariantViolationError, match=r"\['a/x', 'b'\].*get_results"):
            done.get_materialize_result()
        seen.extend(done.get_custom_messages())
        return done.get_results()

    results = both(df.build_asset_context(partition_key="2024-01-02"), df.PipesSubprocessClient())

    assert [one.asset_key.to_user_string() for one in results] == ["a/x", "b"]
    (data,) = seen
    assert data["asset_keys"] == ["a/x", "b"]
    assert data["partition_key"] == "2024-01-02"
    assert data["partition_key_range"] == {"start": "2024-01-02", "end": "2024-01-02"}
    assert data["partition_time_window"]["end"] == "2024-01-03T00:00:00+00:00"
    assert (data["run_id"], data["job_name"]) == ("EPHEMERAL", None)


def test_an_asset_must_return_the_results():
    """An asset that forgets them fails, because its metadata would be lost."""

    @df.asset
    def cups(context: df.AssetExecutionContext):
        df.PipesSubprocessClient().run(context=context, command=raw())

    with pytest.raises(
        errors.DagflowInvariantViolationError, match=r"'cups'.*results of the external process"
    ):
        df.materialize([cups])


def test_the_exception_of_the_process_is_in_the_error():
    """The error has the exit status and the traceback of the process, and the log has it too."""
    with pytest.raises(errors.DagflowPipesExecutionError) as raised:
        run(child("raise ValueError('no beans')"))

    assert str(raised.value).startswith(
        f"External execution process failed with code 1: {sys.executable} -c "
    )
    assert "\nIt raised:\nTraceback" in str(raised.value)
    assert str(raised.value).rstrip().endswith("no beans")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (raw("raise SystemExit(3)"), f"failed with code 3: {re.escape(sys.executable)} "),
        (
            raw("file.write('{\"half'); file.flush(); os.kill(os.getpid(), 9)"),
            r"(?s)code -9 \(signal 9\): .{200}\.\.\.$",
        ),
        (raw("file.write('no json\\n')"), "not a message of dagster-pipes: 'no json'"),
        (raw("file.write('[1]\\n{\"half')"), r"(?s)^2 messages.*'\[1\]'.*half"),
        (raw("send('zork')"), "unknown method 'zork'.*closed, log,"),
        (raw("send('log')"), "'log' without message"),
        (raw("send('log', message='x', level='loud')"), "unknown log level 'loud'"),
        (raw("[send('zork') for i in range(12)]"), r"(?s)^12 messages.*and 2 more$"),
    ],
)
def test_a_failure_of_the_process_or_of_its_messages(command, text):
    """The error names the exit status, or each line that is no message."""
    with pytest.raises(errors.DagflowPipesExecutionError, match=text):
        run(command)


def test_an_asset_that_the_step_does_not_make():
    """A report about another asset is refused, with the assets of the step."""

    @df.asset
    def cups(context):
        command = raw("send('report_asset_materialization', asset_key='tea')")
        return df.PipesSubprocessClient().run(context=context, command=command).get_materialize_result()

    with pytest.raises(errors.DagflowPipesExecutionError, match=r"reported asset 'tea', .* for 'cups'"):
        cups(df.build_asset_context())


def test_good_messages_after_a_bad_one_arrive(caplog):
    """A bad message hides no other one."""
    with pytest.raises(errors.DagflowPipesExecutionError, match="1 message "):
        run(raw("send('zork')", "send('log', message='last', level='warning')"))

    assert "last" in caplog.text


def test_many_messages():
    """A hundred thousand messages arrive in their order."""
    done = run(raw("[send('report_custom_message', payload=i) for i in range(100_000)]"))

    assert done.get_custom_messages() == tuple(range(100_000))


def test_environment_and_folder(tmp_path):
    """The variables and the folder of the call replace those of the client."""

    @df.op
    def brew(context):
        pipes = df.PipesSubprocessClient(env={"A": "1", "B": "1"}, cwd="/", forward_stdio=False)
        command = raw(
            "send('report_custom_message', payload=[os.environ['A'], os.environ['B'], os.getcwd()])",
            "print(5)",
        )
        return pipes.run(context=context, command=command, env={"B": "2"}, cwd=tmp_path).get_custom_messages()

    assert brew(df.build_op_context()) == (["1", "2", str(tmp_path)],)


def test_a_program_that_does_not_exist():
    """The error of Python names it, and nothing is left."""
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run("/no-such-program")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"env": 3}, "env"),
        ({"env": {"A": 1}}, "variable 'A'"),
        ({"cwd": 3}, "cwd"),
        ({"context_injector": 3}, "context_injector"),
        ({"message_reader": 3}, "message_reader"),
        ({"termination_timeout_seconds": "x"}, "termination_timeout_seconds"),
    ],
)
def test_wrong_arguments(arguments, name):
    """The error names the parameter."""
    with pytest.raises(errors.ParameterCheckError, match=name):
        df.PipesSubprocessClient(**arguments)


def test_extras_that_are_not_json():
    """The error names the extra, before a process starts."""
    with pytest.raises(errors.ParameterCheckError, match=r"extra 'when' .*not JSON"):
        run(raw(), extras={"when": object()})


@pytest.mark.parametrize(
    ("handler", "arguments", "status"),
    [
        ("signal.SIG_DFL", {}, -signal.SIGINT),
        ("signal.SIG_IGN", {"termination_timeout_seconds": 0.01}, -signal.SIGKILL),
        ("lambda *_: os._exit(7)", {}, 7),
    ],
)
def test_an_interrupt_ends_the_process(monkeypatch, handler, arguments, status):
    """The process gets SIGINT, is killed if it does not end in time, and is always waited for."""
    started: list[subprocess.Popen[bytes]] = []
    opened = threading.Event()

    class Reader(df.PipesTempFileMessageReader):
        def on_opened(self, opened_payload):
            opened.set()

    class Interrupted(subprocess.Popen):
        def wait(self, timeout=None):
            if self not in started:
                started.append(self)
                assert opened.wait(60)
                raise KeyboardInterrupt
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    command = raw(
        "import signal, time",
        f"signal.signal(signal.SIGINT, {handler})",
        "send('opened')",
        "file.flush()",
        "time.sleep(60)",
    )

    @df.op
    def brew(context):
        df.PipesSubprocessClient(message_reader=Reader(), **arguments).run(context=context, command=command)

    with pytest.raises(KeyboardInterrupt):
        brew(df.build_op_context())

    assert [one.returncode for one in started] == [status]


def test_without_forwarding_the_process_ends_by_itself(monkeypatch):
    """An interrupt waits for the process, so that it is not left behind."""
    waits: list[Any] = []

    class Interrupted(subprocess.Popen):
        def wait(self, timeout=None):
            waits.append(timeout)
            if len(waits) == 1:
                raise KeyboardInterrupt
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)

    @df.op
    def brew(context):
        df.PipesSubprocessClient(forward_termination=False).run(context=context, command=raw())

    with pytest.raises(KeyboardInterrupt):
        brew(df.build_op_context())

    assert waits == [None, None]


def test_step_processes(tmp_path):
    """A step in a process of its own runs another one, and its log lines reach the run."""
    with df.DagflowInstance.local_temp(str(tmp_path)) as instance:
        result = df.execute_job(df.reconstructable(in_processes), instance=instance)

        assert result.success
        lines = [one.user_message for one in instance.all_logs(result.run_id) if not one.dagflow_event]
        assert "from the child" in lines


@df.op
def brew(context, pipes: df.PipesSubprocessClient):
    """Run a process that logs a line."""
    pipes.run(
        context=context,
        command=raw("send('opened')", "send('log', message='from the child')", "send('closed')"),
    )


@df.job(resource_defs={"pipes": df.PipesSubprocessClient()}, executor_def=df.multiprocess_executor)  # type: ignore[dict-item]
def in_processes():
    """Run the op in a step process."""
    brew()


def test_a_fake_client():
    """A test replaces the client, and reports through a session without a process."""

    class Fake(df.PipesSubprocessClient):
        def run(self, *, context, command, **arguments):
            with df.open_pipes_session(
                context, df.PipesEnvContextInjector(), df.PipesTempFileMessageReader()
            ) as session:
                session.message_handler.handle_message(
                    {
                        "method": "report_asset_materialization",
                        "params": {"asset_key": "cups", "metadata": None, "data_version": command},
                    }
                )
            return df.PipesClientCompletedInvocation(session, metadata={"n": 3})

    @df.asset
    def cups(context: df.AssetExecutionContext, pipes: df.PipesSubprocessClient):
        return pipes.run(context=context, command="c7").get_materialize_result()

    made = cups(df.build_asset_context(), Fake())

    assert (made.data_version, made.metadata["n"]) == (df.DataVersion("c7"), df.MetadataValue.int(3))


def test_files_of_the_caller(tmp_path):
    """The files that the caller names are used, and removed at the end unless the caller keeps them."""
    context_file, messages = tmp_path / "context", tmp_path / "messages"
    messages.write_text("of an earlier run\n")

    @df.op
    def brew(context):
        injector, reader = (
            df.PipesFileContextInjector(context_file),
            df.PipesFileMessageReader(messages, cleanup_file=False),
        )
        with df.open_pipes_session(context, injector, reader) as session:
            variables = session.get_bootstrap_env_vars()
            assert json.loads(Path(context_file).read_text())["run_id"] == "EPHEMERAL"
            subprocess.run(raw("send('report_custom_message', payload=4)"), env=variables, check=True)
        return session.get_custom_messages()

    assert brew(df.build_op_context()) == (4,)
    assert (context_file.exists(), len(messages.read_text().splitlines())) == (False, 1)
