"""Logger definitions: a function that creates a Python logger, and the schema of its config.

A logger of a job is created for the runs whose config names it. It receives their events and the log messages
of user code. Python's `logging` is imported when a logger is created.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, overload

from dagflow import _doors
from dagflow._util import takes
from dagflow.config.field import Field, is_function, resolve_field
from dagflow.copies import Copied
from dagflow.defs.parts.configured import configured_field
from dagflow.defs.parts.function import documentation_of, location, name_of, parameters_of
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ElementCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import check_name

if TYPE_CHECKING:
    import logging


class LoggerDefinition(Copied):
    """A function that creates a logger. Usually made by `@logger`.

    Call it with `build_init_logger_context()` to test the function.

    Args:
        logger_fn: Receives an InitLoggerContext (or nothing) and returns a `logging.Logger`.
        config_schema: The schema of its config, under `loggers.<name>.config` of a run config.
        description: A sentence for people.

    Example:
        >>> import logging
        >>> LoggerDefinition(lambda context: logging.Logger("shop"))(None)
        <Logger shop (NOTSET)>
    """

    __slots__ = ("__dict__", "config_field", "description", "logger_fn", "parameter")

    def __init__(
        self,
        logger_fn: Callable[..., logging.Logger],
        config_schema: Any = None,
        description: str | None = None,
    ) -> None:
        if not callable(logger_fn):
            raise DagflowInvalidDefinitionError(
                f"a logger must be made of a function, not {repr_of(logger_fn)}"
            )
        self.parameter: str | None = _first_parameter(logger_fn)
        if self.parameter is not None and not takes(logger_fn, 1):
            raise DagflowInvalidDefinitionError(
                f"the logger function {repr_of(logger_fn)} ({location(logger_fn)}) must take at most one "
                "argument by position, the context"
            )
        self.logger_fn: Callable[..., logging.Logger] = logger_fn
        self.config_field: Field = resolve_field(config_schema, f"logger '{name_of(logger_fn)}'")
        self.description: str | None = check_optional(description, str, "description", "a logger")

    def decorated(self) -> Callable[..., Any] | None:
        """Return the function."""
        return self.logger_fn

    @property
    def config_schema(self) -> Field:
        """The schema of its config."""
        return self.config_field

    def configured(
        self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None
    ) -> LoggerDefinition:
        """Return a copy of this logger with fixed config.

        Args:
            config_or_config_fn: The config, or a function from the config of the copy to this config.
            config_schema: The schema of the config of the copy.
            description: Default: the description of this logger.
        """
        new = copy.copy(self)
        name = name_of(self.logger_fn)
        new.config_field = configured_field(
            self.config_field,
            config_or_config_fn,
            config_schema,
            class_name="LoggerDefinition",
            place=f"logger '{name}'",
            when_refused=f"Error when applying config mapping for logger '{name}'",
        )
        new.description = self.description if description is None else description
        return new

    def make(self, context: Any) -> logging.Logger:
        """Create the logger. The config of the context must be checked already."""
        return self.logger_fn() if self.parameter is None else self.logger_fn(context)

    def __call__(self, *args: Any, **kwargs: Any) -> logging.Logger:
        """Create the logger directly, without a run."""
        made: logging.Logger = _doors.invoke_logger(self, args, kwargs)
        return made

    def __repr__(self) -> str:
        return f"<logger {name_of(self.logger_fn)!r}>"


@overload
def logger(config_schema: Callable[..., logging.Logger]) -> LoggerDefinition: ...


@overload
def logger(
    config_schema: Any = None, description: str | None = None
) -> Callable[[Callable[..., logging.Logger]], LoggerDefinition]: ...


def logger(
    config_schema: Any = None, description: str | None = None
) -> LoggerDefinition | Callable[[Callable[..., logging.Logger]], LoggerDefinition]:
    """Make a logger of a function that takes an InitLoggerContext. Use it with or without arguments.

    Args:
        config_schema: The schema of its config, which the function reads from `context.logger_config`.
        description: A sentence for people; default: the docstring of the function.

    Returns:
        The LoggerDefinition, or a decorator.

    Example:
        >>> import logging
        >>> from dagflow import job, logger
        >>> @logger({"level": str})
        ... def shop_log(context):
        ...     log = logging.Logger("shop", context.logger_config["level"])
        ...     log.addFilter(lambda record: print(record.levelname, record.dagflow_meta["job_name"]))
        ...     return log
        >>> @job(logger_defs={"shop": shop_log})
        ... def sell():
        ...     pass
        >>> sell.execute_in_process({"loggers": {"shop": {"config": {"level": "ERROR"}}}}).success
        True
    """
    if is_function(config_schema):
        return LoggerDefinition(config_schema, None, documentation_of(config_schema))
    return lambda fn: LoggerDefinition(fn, config_schema, description or documentation_of(fn))


def _first_parameter(logger_fn: Callable[..., Any]) -> str | None:
    try:
        return next((parameter.name for parameter in parameters_of(logger_fn)), None)
    except (TypeError, ValueError):  # an object without a signature, such as a double
        return "context"


def check_loggers(
    logger_defs: Any, place: str, parameter: str = "logger_defs"
) -> dict[str, LoggerDefinition]:
    """Check an argument that holds loggers by name, and return them.

    Raises:
        ParameterCheckError: The argument is not a mapping.
        ElementCheckError: A value is not a logger.
        DagflowInvalidDefinitionError: A name is invalid.
    """
    if logger_defs is None:
        return {}
    for name, definition in check_type(logger_defs, Mapping, parameter, place).items():
        check_name(name, f"logger of {place}", reserved=False)
        if not isinstance(definition, LoggerDefinition):
            raise ElementCheckError(
                f"parameter '{parameter}' of {place} must hold loggers, but '{name}' is "
                f"{repr_of(definition)} of "
                f"type '{type(definition).__name__}'. Decorate the function with @logger."
            )
    return dict(logger_defs)


def _colored(context: Any) -> logging.Logger:
    from dagflow.defs.loggers.console import ColorFormatter, console_logger

    return console_logger(context.logger_config, ColorFormatter())


def _json(context: Any) -> logging.Logger:
    from dagflow.defs.loggers.console import JsonFormatter, console_logger

    return console_logger(context.logger_config, JsonFormatter())


_CONSOLE = {
    "log_level": Field(str, default_value="INFO", description="The lowest level that is logged."),
    "name": Field(str, default_value="dagflow", description="The name in each log line."),
}
colored_console_logger: LoggerDefinition = LoggerDefinition(
    _colored, _CONSOLE, "Writes lines to standard error, colored by level on a terminal."
)
json_console_logger: LoggerDefinition = LoggerDefinition(
    _json, _CONSOLE, "Writes lines to standard error, each a JSON object."
)


def default_loggers() -> dict[str, LoggerDefinition]:
    """Return the loggers of a job without loggers. They are created for the runs whose config names them.

    Example:
        >>> default_loggers()
        {'console': <logger '_colored'>}
    """
    return {"console": colored_console_logger}
