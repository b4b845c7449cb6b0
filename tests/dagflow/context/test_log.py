"""Logging in user code: a Python logger whose lines are also in the log of the run."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from dagflow import (
    DagflowInstance,
    DagflowRun,
    RetryPolicy,
    build_op_context,
    get_dagflow_logger,
    job,
    op,
    resource,
)
from dagflow.context.log import DagflowLogManager
from dagflow.errors import CheckError


def logged(body, instance=None):
    """Run a body that logs. Return the result and the lines of user code in the instance's log."""
    instance = instance or DagflowInstance.ephemeral()

    @job
    def cafe():
        op(name="brew")(body)()

    result = cafe.execute_in_process(instance=instance, raise_on_error=False)
    return result, [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagflow_event]


LEVELS = {
    "debug": 10, "info": 20, "warning": 30, "warn": 30, "error": 40, "critical": 50, "fatal": 50,
}  # fmt: skip


@pytest.mark.parametrize("name", LEVELS)
def test_levels(name):
    """Each method has its level, and formats its arguments."""
    result, (entry,) = logged(lambda context: getattr(context.log, name)("%s of %d", "cup", 3))

    assert (entry.level, entry.user_message) == (LEVELS[name], "cup of 3")
    assert (entry.step_key, entry.job_name, entry.run_id) == ("brew", "cafe", result.run_id)


def test_other_levels():
    """`log` accepts a number; `exception` logs an error."""

    def body(context):
        context.log.log(35, "between")
        try:
            raise ValueError
        except ValueError:
            context.log.exception("went wrong")

    _, entries = logged(body)
    assert [(entry.level, entry.message) for entry in entries] == [(35, "between"), (40, "went wrong")]


def test_lines_are_no_events():
    """The result does not have the lines; their times are in order with those of events."""
    instance = DagflowInstance.ephemeral()
    result, entries = logged(lambda context: context.log.info("said"), instance)

    assert len(entries) == 1
    assert len(instance.all_logs(result.run_id)) == len(result.all_events) + 1
    times = [entry.timestamp for entry in instance.all_logs(result.run_id)]
    assert times == sorted(times)


def test_lines_of_a_step_that_fails_are_kept():
    """Lines before an error are in the log."""

    def body(context):
        context.log.info("before")
        raise ValueError

    result, (entry,) = logged(body)
    assert not result.success
    assert entry.message == "before"


def test_handlers_see_records(caplog):
    """Handlers of Python's logging get each record, with the origin in its message and its metadata."""
    with caplog.at_level(logging.INFO, logger="dagflow"):
        result, _ = logged(
            lambda context: (context.log.debug("unheard"), context.log.info("heard %s", "well"))
        )

    (record,) = caplog.records
    assert record.getMessage() == f"cafe - {result.run_id} - brew - heard well"
    assert (record.name, record.levelname) == ("dagflow", "INFO")
    assert record.dagflow_meta["step_key"] == "brew"
    assert (record.step_key, record.job_name, record.op_name) == ("brew", "cafe", "brew")


def test_the_log_of_the_run_is_complete_whatever_the_handlers_take(caplog):
    """The level of the Python logger does not filter the log of the run."""
    with caplog.at_level(logging.CRITICAL, logger="dagflow"):
        _, entries = logged(lambda context: context.log.debug("quiet"))

    assert [entry.message for entry in entries] == ["quiet"]
    assert caplog.records == []


def test_direct_calls_log_too(caplog):
    """In a direct call only Python's logging gets the record."""

    @op
    def brew(context):
        context.log.warning("hot")

    brew(build_op_context())

    (record,) = caplog.records
    assert record.getMessage() == "EPHEMERAL - hot"


def test_further_tags():
    """A log with more metadata in its records has the same receivers."""
    lines = []

    class Sink:
        level = logging.DEBUG
        loggers = handlers = ()

        def __call__(self, level, text):
            lines.append((level, text))

    log = DagflowLogManager({"job_name": "cafe"}, Sink())
    tagged = log.with_tags(cup="blue", name="kept by Python")
    seen = []

    class Collect(logging.Handler):
        def emit(self, record):
            seen.append(record)

    handler = Collect()
    logging.getLogger("dagflow").addHandler(handler)
    try:
        tagged.warning("hot")
    finally:
        logging.getLogger("dagflow").removeHandler(handler)

    assert lines == [(30, "hot")]
    tags = {"job_name": "cafe", "cup": "blue", "name": "kept by Python"}
    assert seen[0].dagflow_meta == {**tags, "orig_message": "hot"}
    assert (seen[0].cup, seen[0].name) == ("blue", "dagflow")


def test_a_resource_may_log(caplog):
    """The log of an init context has the facts of the run."""

    @resource
    def mill(context):
        context.log.warning("grinding")
        return 1

    @op(required_resource_keys={"mill"})
    def grind():
        pass

    @job(resource_defs={"mill": mill})
    def cafe():
        grind()

    result = cafe.execute_in_process()
    (record,) = caplog.records
    assert record.getMessage() == f"cafe - {result.run_id} - grind - grinding"


def test_the_same_log_each_time():
    """A context has one log."""
    context = build_op_context()

    assert context.log is context.log
    assert context.log.isEnabledFor(logging.DEBUG)


def test_a_level_by_name():
    """`log` accepts a level name; an unknown name is an error."""
    _, (entry,) = logged(lambda context: context.log.log("info", "%s", "named"))
    assert (entry.level, entry.message) == (20, "named")

    with pytest.raises(CheckError, match="unknown log level 'LOUD'"):
        build_op_context().log.log("LOUD", "x")


def test_the_line_of_code_that_logs(caplog):
    """A record has the function that logged it, for every method."""
    logged(lambda context: (context.log.warning("a"), context.log.log(30, "b")))

    assert {record.funcName for record in caplog.records} == {"<lambda>"}


def test_a_logger_for_code_without_a_context(caplog):
    """Its records go to the log of the running step, at every level."""

    def body(context):
        get_dagflow_logger().debug("plain")
        get_dagflow_logger("beans").warning("named %s", "well")

    result, entries = logged(body)
    assert [(entry.level, entry.message, entry.step_key) for entry in entries] == [
        (10, "plain", "brew"),
        (30, "named well", "brew"),
    ]
    (record,) = caplog.records
    assert record.name == "dagflow.builtin.beans"
    assert record.getMessage() == f"cafe - {result.run_id} - brew - named well"


def test_the_same_logger_outside_of_runs(caplog):
    """Outside of runs it is a plain Python logger."""
    logged(lambda context: None)
    get_dagflow_logger("beans").warning("alone")

    assert [record.getMessage() for record in caplog.records] == ["alone"]
    assert get_dagflow_logger("beans") is get_dagflow_logger("beans")


def test_runs_inside_runs():
    """Records belong to the innermost run, and after its end to the outer step again."""
    inside = []

    def body(context):
        get_dagflow_logger().info("before")
        inside.extend(logged(lambda _: get_dagflow_logger().info("within"))[1])
        get_dagflow_logger().info("after")

    _, entries = logged(body)
    assert [entry.message for entry in entries] == ["before", "after"]
    assert [entry.message for entry in inside] == ["within"]


@pytest.mark.parametrize(("nodes", "step_key"), [(1, "grind"), (2, None)])
def test_what_a_resource_logs_belongs_to_the_run(nodes, step_key):
    """Its lines have no step, unless the run has only one."""

    @resource
    def mill(context):
        context.log.info("by context")
        get_dagflow_logger().info("by name")
        return 1

    @op(required_resource_keys={"mill"})
    def grind():
        pass

    @job(resource_defs={"mill": mill})
    def cafe():
        for _ in range(nodes):
            grind()

    instance = DagflowInstance.ephemeral()
    result = cafe.execute_in_process(instance=instance)
    lines = [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagflow_event]
    assert [(line.message, line.step_key) for line in lines] == [
        ("by context", step_key),
        ("by name", step_key),
    ]


def test_each_attempt_has_its_lines():
    """Lines of a failed attempt are kept, between its events."""

    @op(retry_policy=RetryPolicy())
    def brew(context):
        get_dagflow_logger().info("try %d", context.retry_number)
        if not context.retry_number:
            raise ValueError

    @job
    def cafe():
        brew()

    instance = DagflowInstance.ephemeral()
    result = cafe.execute_in_process(instance=instance)
    found = [
        entry.dagflow_event.event_type.name if entry.dagflow_event else entry.message
        for entry in instance.all_logs(result.run_id)
        if entry.step_key
    ]
    start = found.index("STEP_START")
    assert found[start : start + 5] == ["STEP_START", "try 0", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "try 1"]


def test_a_run_that_logs_nothing_does_not_load_logging():
    """A run that does not log does not import `logging`, even with hooks."""
    code = (
        "import sys, dagflow as d\n"
        "@d.op\n"
        "def brew(context): return context.run_id\n"
        "@d.job(hooks={d.success_hook(name='cheer')(lambda context: None)})\n"
        "def cafe(): brew()\n"
        "assert cafe.execute_in_process().success\n"
        "print('logging' in sys.modules)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_a_message_that_cannot_be_formatted(caplog):
    """A log call with wrong arguments logs them as they are, and does not stop the step."""

    @op
    def brew(context):
        context.log.error("%d cups", "three")
        return 1

    @job
    def only():
        brew()

    assert only.execute_in_process().success
    assert "'%d cups' % ('three',) (cannot be formatted: TypeError)" in caplog.text


def test_a_log_outside_of_a_step():
    """Its lines go to the given loggers and handlers, with the names of the run; a handler has its level."""
    lines = []

    class Collect(logging.Handler):
        def emit(self, record):
            lines.append((record.name, record.getMessage(), record.run_id))

    logger = logging.Logger("shop")
    logger.addHandler(Collect())
    log = DagflowLogManager.create([logger], [Collect("WARNING")], dagflow_run=DagflowRun("cafe", "7"))

    log.info("warm")
    log.with_tags(step_key="tea").error("cold")

    assert lines == [
        ("shop", "cafe - 7 - warm", "7"),
        ("shop", "cafe - 7 - tea - cold", "7"),
        ("dagflow", "cafe - 7 - tea - cold", "7"),
    ]
