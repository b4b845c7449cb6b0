"""Direct calls of logger definitions, and the context for them."""

from __future__ import annotations

import logging

import pytest

from dagflow import build_init_logger_context, graph, logger
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    ParameterCheckError,
)


@graph
def cafe():
    """Do nothing."""


@logger({"level": int})
def shop(context):
    made = logging.Logger("shop", context.logger_config["level"])
    made.context = context
    return made


def _context(level):
    return build_init_logger_context({"level": level})


@logger
def plain():
    return logging.Logger("plain")


def test_a_call():
    """The config is checked; job and run id are those of the context."""
    job_def = cafe.to_job()
    made = shop(build_init_logger_context({"level": 30}, job_def))

    assert made.level == 30
    assert made.context.logger_def is shop
    assert made.context.job_def is job_def
    assert made.context.run_id == "EPHEMERAL"
    assert shop(context=build_init_logger_context({"level": 10})).level == 10
    assert plain().name == plain(None).name == "plain"


def test_config_given_beforehand():
    """A configured logger needs no config."""
    assert shop.configured({"level": 20})(None).level == 20


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: shop(), DagflowInvalidInvocationError, "no context argument was provided"),
        (lambda: shop(None, 1), DagflowInvalidInvocationError, "received multiple arguments"),
        (lambda: shop(c=None), DagflowInvalidInvocationError, "expected argument 'context', not"),
        (lambda: shop(5), ParameterCheckError, "'context' of <logger 'shop'> must be"),
        (lambda: shop(None), DagflowInvalidConfigError, "Error in config for logger"),
        (lambda: shop(_context("x")), DagflowInvalidConfigError, "root:config:level"),
        (lambda: build_init_logger_context(job_def=5), CheckError, "'job_def'"),
        (lambda: build_init_logger_context().logger_def, DagflowInvariantViolationError, "'logger_def'"),
    ],
)
def test_wrong_calls(call, error, message):
    """The error names the logger and its parameter."""
    with pytest.raises(error, match=message):
        call()
