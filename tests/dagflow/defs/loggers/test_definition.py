"""Logger definitions: names, levels, functions and errors."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dagflow import (
    JobDefinition,
    LoggerDefinition,
    colored_console_logger,
    default_loggers,
    job,
    json_console_logger,
    logger,
)
from dagflow.defs.loggers.definition import check_loggers
from dagflow.errors import DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError


def _with(logger_defs: Any) -> JobDefinition:
    @job(logger_defs=logger_defs)
    def cafe() -> None: ...

    return cafe


def test_made_of_a_function() -> None:
    """The decorator works with and without a schema; the docstring is the default description."""

    @logger
    def bare(context: Any) -> logging.Logger:
        """Speaks."""
        return logging.Logger("bare")

    @logger({"level": str}, description="Speaks loudly.")
    def named() -> logging.Logger:
        return logging.Logger("named")

    assert (bare.description, named.description) == ("Speaks.", "Speaks loudly.")
    assert (bare.parameter, named.parameter) == ("context", None)
    assert not bare.config_schema.is_required
    assert named.config_schema.is_required
    assert repr(named) == "<logger 'named'>"
    assert isinstance(logger(int)(lambda context: logging.Logger("n")), LoggerDefinition)


def test_loggers_of_a_job() -> None:
    """A job has the given loggers, or else the console logger."""
    assert _with(None).loggers == default_loggers() == {"console": colored_console_logger}
    assert _with({"own": json_console_logger}).loggers == {"own": json_console_logger}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: logger()(5), DagflowInvalidDefinitionError, "must be made of a function, not 5"),
        (lambda: _with(5), ParameterCheckError, "'logger_defs' of job 'cafe'"),
        (lambda: _with({"own": 5}), ElementCheckError, "'own' is 5 of type 'int'. Decorate"),
        (lambda: _with({"a b": json_console_logger}), DagflowInvalidDefinitionError, "logger of job 'cafe'"),
    ],
)
def test_what_cannot_be(make: Any, error: type[Exception], message: str) -> None:
    """Invalid arguments raise at the definition."""
    with pytest.raises(error, match=message):
        make()


def test_no_loggers() -> None:
    """Without loggers the result is an empty dict."""
    assert check_loggers(None, "job 'j'") == {}


@pytest.mark.parametrize("fn", [lambda *, context: context, lambda context, extra: context])
def test_a_function_that_cannot_be_called(fn: Any) -> None:
    """A function that takes no context by position is refused when it is decorated."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"logger.*(argument by position|signature)"):
        logger(fn)
