"""Direct calls of a logger definition, and the context for them."""

from __future__ import annotations

import os
from typing import Any

from dagflow._util import UNSET
from dagflow.config.read import read_config
from dagflow.context.availability import DIRECT_RUN_ID
from dagflow.context.init import InitLoggerContext
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.loggers.definition import LoggerDefinition
from dagflow.defs.parts.function import name_of
from dagflow.errors import DagflowInvalidInvocationError, check_type, repr_of


def build_init_logger_context(
    logger_config: Any = None, job_def: JobDefinition | None = None
) -> InitLoggerContext:
    """Build the context for calling a logger definition directly.

    Args:
        logger_config: The config of the logger, checked when it is called.
        job_def: The job.

    Example:
        >>> from dagflow import build_init_logger_context, colored_console_logger
        >>> colored_console_logger(build_init_logger_context({"log_level": "info"}))
        <Logger dagflow (INFO)>
    """
    if job_def is not None:
        check_type(job_def, JobDefinition, "job_def")
    return InitLoggerContext(logger_config, None, job_def, DIRECT_RUN_ID)


def invoke_logger(logger: LoggerDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a logger.

    Raises:
        DagflowInvalidInvocationError: The context is missing, there are several arguments, or one has an
            unknown name.
        DagflowInvalidConfigError: The config does not match.
    """
    if len(args) + len(kwargs) > 1:
        raise DagflowInvalidInvocationError(
            f"Initialization of logger received multiple arguments. Give {repr_of(logger)} one, the context."
        )
    if not args and not kwargs and logger.parameter is not None:
        raise DagflowInvalidInvocationError(
            "Logger initialization function has context argument, but no context argument was provided when "
            f"invoking. Give {repr_of(logger)} its argument '{logger.parameter}': "
            f"build_init_logger_context()."
        )
    if kwargs and logger.parameter not in kwargs:
        raise DagflowInvalidInvocationError(
            f"{repr_of(logger)}: Logger initialization expected argument '{logger.parameter}', not "
            f"{list(kwargs)}"
        )
    given = args[0] if args else kwargs.get(logger.parameter or "")
    if given is None:
        given = build_init_logger_context()
    check_type(given, InitLoggerContext, logger.parameter or "context", repr(logger))
    config = UNSET if given.logger_config is None else given.logger_config
    checked = read_config(
        logger.config_field, config, f"Error in config for logger '{name_of(logger.logger_fn)}'", os.environ
    )
    return logger.make(InitLoggerContext(checked, logger, given.job_def, given.run_id))
