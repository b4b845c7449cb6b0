"""Loggers in runs: created if the run config names them, called with events and lines of user code."""

from __future__ import annotations

import logging

import pytest

from dagflow import DagflowInstance, get_dagflow_logger, job, logger, op
from dagflow.errors import CheckError, DagflowInvalidConfigError


class Records(logging.Handler):
    """A handler that keeps its records."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


@pytest.fixture(name="own")
def _own():
    """Return a logger definition, the contexts of its function, and its records."""
    handler, contexts = Records(), []

    @logger({"level": str})
    def own(context):
        contexts.append(context)
        made = logging.Logger("shop", context.logger_config["level"])
        made.addHandler(handler)
        return made

    return {"definition": own, "contexts": contexts, "records": handler.records}


def _config(level="DEBUG"):
    return {"loggers": {"own": {"config": {"level": level}}}}


@op
def brew(context):
    context.log.warning("%s cup", "one")
    get_dagflow_logger("sub").info("inside")


@op
def spill():
    raise ValueError("spilt")


@op
def mop(spilt):
    return spilt


def test_every_event_and_every_line(own):
    """Events are at DEBUG, failures at ERROR and lines at their own level, in order and with their facts."""

    @job(logger_defs={"own": own["definition"]}, tags={"shop": "a"})
    def cafe():
        brew()
        mop(spill())

    instance = DagflowInstance.ephemeral()
    result = cafe.execute_in_process(_config(), raise_on_error=False, instance=instance)
    records = own["records"]
    lines = [
        entry.dagflow_event.event_type.name if entry.dagflow_event else entry.message
        for entry in instance.all_logs(result.run_id)
    ]
    heads = [record.getMessage().split("\n")[0].split(" - ") for record in records]

    assert len(records) == len(lines)
    assert all(line in head for line, head in zip(lines, heads, strict=True))
    assert {head[0] for head in heads} == {"cafe"}
    assert {head[1] for head in heads} == {result.run_id}
    assert {record.name for record in records} == {"shop"}
    errors = [record.dagflow_event for record in records if record.levelno == 40 and record.step_key != "mop"]
    assert [event.event_type.name for event in errors] == ["STEP_FAILURE", "RUN_FAILURE"]
    assert [record.step_key for record in records if "is not executed" in record.getMessage()] == ["mop"]
    assert records[0].levelno == logging.DEBUG
    assert records[0].dagflow_meta["job_tags"] == {"shop": "a"}

    (line,) = (record for record in records if record.levelno == logging.WARNING)
    assert line.getMessage() == f"cafe - {result.run_id} - brew - one cup"
    assert (line.run_id, line.step_key, line.op_name) == (result.run_id, "brew", "brew")
    assert line.orig_message == "one cup"
    (failure,) = (record for record in records if "STEP_FAILURE" in record.getMessage())
    assert "ValueError: spilt" in failure.getMessage()


def test_what_its_function_knows(own):
    """The context has the checked config, the definition, the job and the run."""

    @job(logger_defs={"own": own["definition"]})
    def cafe():
        brew()

    result = cafe.execute_in_process(_config("ERROR"))
    (context,) = own["contexts"]

    assert context.logger_config == {"level": "ERROR"}
    assert context.logger_def is own["definition"]
    assert (context.job_def.name, context.run_id) == ("cafe", result.run_id)
    assert own["records"] == []


def test_a_logger_that_is_not_named_is_not_made(own):
    """A logger is created only for each run whose config names it."""

    @job(logger_defs={"own": own["definition"]})
    def cafe():
        brew()

    cafe.execute_in_process()
    assert own["contexts"] == []
    for _ in range(2):
        cafe.execute_in_process(_config())
    assert len(own["contexts"]) == 2


def test_the_console(capsys):
    """The console logger writes to standard error, from its level on, each line once."""

    @job
    def cafe():
        brew()

    cafe.execute_in_process({"loggers": {"console": {"config": {"log_level": "info"}}}})
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" - ")[2] for line in lines] == ["WARNING", "INFO"]
    assert lines[0].endswith(" - brew - one cup")


@pytest.mark.parametrize(
    ("loggers", "error", "message"),
    [
        ({"console": {}}, DagflowInvalidConfigError, "console"),
        ({"own": {}}, DagflowInvalidConfigError, "config"),
        ({"own": {"config": {"level": 3}}}, DagflowInvalidConfigError, "root:loggers:own:config:level"),
        ({"five": {}}, CheckError, "logger 'five' of job 'cafe' must return a logging.Logger, not 5"),
        ({"broken": {}}, ValueError, "boo"),
        ({"plain": {"config": {"log_level": "LOUD"}}}, CheckError, "unknown log level 'LOUD'"),
    ],
)
def test_what_stops_a_run_before_it_begins(own, loggers, error, message):
    """An error of a logger is always raised, and no run is stored."""
    from dagflow import colored_console_logger

    @logger
    def five(context):
        return 5

    @logger
    def broken(context):
        raise ValueError("boo")

    @job(
        logger_defs={
            "own": own["definition"], "five": five, "broken": broken, "plain": colored_console_logger,
        }
    )  # fmt: skip
    def cafe():
        brew()

    instance = DagflowInstance.ephemeral()
    with pytest.raises(error, match=message):
        cafe.execute_in_process({"loggers": loggers}, raise_on_error=False, instance=instance)
    assert instance.get_runs() == []


def test_config_given_beforehand(own):
    """`configured` loggers need no config in the run config."""
    configured = own["definition"].configured({"level": "DEBUG"})

    @job(logger_defs={"own": configured})
    def cafe():
        brew()

    cafe.execute_in_process({"loggers": {"own": {}}})
    assert own["records"]
