"""The setting `python_logs` of an instance: the lowest level, managed loggers, and handlers."""

from __future__ import annotations

import logging
import sys
from typing import ClassVar

import pytest

from dagflow import (
    CheckError,
    DagflowInstance,
    DagflowInvalidConfigError,
    DagflowInvariantViolationError,
    execute_job,
    get_dagflow_logger,
    job,
    op,
    reconstructable,
)
from dagflow.engine.python_logs import handlers_of


class Seen(logging.Handler):
    """A handler that keeps the names and messages of its records."""

    seen: ClassVar[list[tuple[str, str]]] = []
    closed = 0

    def __init__(self, level=0):
        super().__init__(level)

    def emit(self, record):
        self.seen.append((record.name, record.getMessage().rpartition(" - ")[2]))

    def close(self):
        Seen.closed += 1
        super().close()


class Rename(logging.Filter):
    """A filter that changes each record."""

    def filter(self, record):
        record.name = "renamed"
        return record.levelno == logging.ERROR


@op
def talk(context):
    context.log.info("info")
    context.log.error("error")
    logging.getLogger("tests.shop").warning("shop")
    logging.getLogger("tests.shop.till").error("till")
    logging.getLogger("tests.other").error("other")
    get_dagflow_logger("own").warning("own")


@job
def chat():
    talk()


def lines_of(settings, run=None):
    """Return the lines that the instance stores of a run with these settings."""
    with DagflowInstance.local_temp(overrides={"python_logs": settings}) as instance:
        result = chat.execute_in_process(instance=instance) if run is None else run(instance)
        assert result.success
        return [entry.user_message for entry in instance.all_logs(result.run_id) if not entry.dagflow_event]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Forget the records of other tests."""
    monkeypatch.setattr(Seen, "seen", [])
    monkeypatch.setattr(Seen, "closed", 0)


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ({}, ["info", "error", "own"]),
        ({"python_log_level": "error"}, ["error"]),
        ({"python_log_level": {"env": "TESTS_LEVEL"}}, ["error", "own"]),
        ({"managed_python_loggers": ["tests.shop"]}, ["info", "error", "shop", "till", "own"]),
        ({"managed_python_loggers": ["root"]}, ["info", "error", "shop", "till", "other", "own"]),
        (
            {"managed_python_loggers": ["tests.shop", "tests.shop.till"], "python_log_level": "ERROR"},
            ["error", "till", "till"],
        ),
    ],
    ids=["none", "level", "level of the environment", "managed", "root", "managed with a level"],
)
def test_lines_in_the_log(settings, lines, monkeypatch):
    """The log has lines from the level on, and the records of managed loggers; nothing stays behind."""
    monkeypatch.setenv("TESTS_LEVEL", "WARNING")
    logger = logging.getLogger("tests.shop")
    before = logger.level, logger.handlers[:], logging.getLogger().handlers[:]

    assert lines_of(settings) == lines
    assert (logger.level, logger.handlers, logging.getLogger().handlers) == before


def test_handlers():
    """A handler gets the lines of its level, also of managed loggers; then it is closed."""
    config = {"handlers": {"one": {"()": f"{__name__}.Seen", "level": logging.WARNING}}}

    lines_of({"dagflow_handler_config": config, "managed_python_loggers": ["tests.shop.till"]})

    own = "dagflow.builtin.own"
    assert Seen.seen == [("dagflow", "error"), ("tests.shop.till", "till"), (own, "own")]
    assert Seen.closed == 1


def test_filters_and_formatters(capsys, caplog):
    """They act on the records of their handler only."""
    config = {
        "handlers": {
            "out": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "filters": ["rename"],
                "formatter": "short",
            }
        },
        "formatters": {"short": {"format": "%(name)s %(levelname)s"}},
        "filters": {"rename": {"()": f"{__name__}.Rename"}},
    }

    lines_of({"dagflow_handler_config": config})

    assert capsys.readouterr().out == "renamed ERROR\n"
    assert "renamed" not in [record.name for record in caplog.records]


def test_steps_in_processes(capfd):
    """In steps of other processes the same lines are stored; the parent has the handlers."""
    config = {"handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}}}
    settings = {
        "python_log_level": "ERROR",
        "managed_python_loggers": ["tests.shop"],
        "dagflow_handler_config": config,
    }

    lines = lines_of(settings, lambda instance: execute_job(reconstructable(chat), instance))

    assert lines == ["error", "till"]
    shown = capfd.readouterr().out.splitlines()
    assert [line.rpartition(" - ")[2] for line in shown] == ["error", "till"]


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"nope": 1}, DagflowInvalidConfigError, "nope"),
        ({"dagflow_handler_config": {"loggers": {}}}, DagflowInvalidConfigError, "loggers"),
        ({"python_log_level": "LOUD"}, CheckError, "python_log_level .* unknown log level 'LOUD'"),
    ],
)
def test_invalid_settings(settings, error, words):
    """Invalid settings are an error when the instance is opened."""
    with pytest.raises(error, match=words):
        DagflowInstance.local_temp(overrides={"python_logs": settings})


def test_handlers_that_cannot_be():
    """A handler that cannot be created is an error with its name, and no run begins."""
    config = {"handlers": {"far": {"class": "nope.Handler"}}}
    with DagflowInstance.local_temp(
        overrides={"python_logs": {"dagflow_handler_config": config}}
    ) as instance:
        with pytest.raises(DagflowInvariantViolationError, match=r"'far' of the handlers .* named 'nope'"):
            chat.execute_in_process(instance=instance)

        assert instance.get_runs() == []
    with pytest.raises(DagflowInvariantViolationError, match="'short' of the formatters"):
        handlers_of({"formatters": {"short": {"()": "nope.Short"}}})


def test_the_config_is_not_changed():
    """The handlers are made of a copy, so that each run makes its own."""
    config = {"handlers": {"out": {"class": "logging.StreamHandler", "stream": sys.stdout}}}

    first, second = handlers_of(config), handlers_of(config)

    assert first[0] is not second[0]
    assert config["handlers"]["out"]["class"] == "logging.StreamHandler"
