"""The names of attributes and keywords in Dagster's spelling: `dagflow` in a name is `dagster` there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import Any

# (module, definition or class method) -> its attributes (.name) and keywords (name=) in Dagster's spelling
TABLE = {
    ("automation.run_status_context", "RunStatusSensorContext"): (
        ".dagster_run .dagster_event dagster_run= dagster_event="
    ),
    ("automation.run_status_context", "build_run_status_sensor_context"): (
        "dagster_event= dagster_instance= dagster_run="
    ),
    ("automation.sensor_data", "DagflowRunReaction"): ".dagster_run dagster_run=",
    ("automation.sensor_data", "SensorExecutionData"): ".dagster_run_reactions dagster_run_reactions=",
    ("call", "check_dagflow_type"): "dagster_type=",
    ("types.annotations", "make_python_type_usable_as_dagflow_type"): "dagster_type=",
    ("context.init", "InitResourceContext"): ".dagster_run",
    ("context.log", "DagflowLogManager.create"): "dagster_run=",
    ("context.io", "InputContext"): ".dagster_type",
    ("context.io", "OutputContext"): ".dagster_type",
    ("context.user_code", "CallContext"): ".dagster_run",
    ("defs.assets.dependency", "AssetIn"): ".dagster_type dagster_type=",
    ("defs.assets.asset_out", "AssetOut"): ".dagster_type dagster_type=",
    ("defs.assets.decorator", "asset"): "dagster_type=",
    ("defs.ops.node", "NodeDefinition"): ".all_dagster_types",
    ("defs.jobs.content", "JobContent"): ".all_dagster_types",
    ("defs.ops.ports", "In"): ".dagster_type dagster_type=",
    ("defs.ops.ports", "Out"): ".dagster_type dagster_type=",
    ("defs.graphs.wiring", "InputMapping"): ".dagster_type dagster_type=",
    ("defs.graphs.wiring", "OutputMapping"): ".dagster_type dagster_type=",
    ("defs.project.libraries", "DagflowLibraryRegistry.register"): "is_dagster_package=",
    ("errors", "DagflowTypeCheckDidNotPass"): ".dagster_type dagster_type=",
    ("events.record", "EventLogEntry"): (
        ".dagster_event .is_dagster_event .get_dagster_event .dagster_event_type dagster_event="
    ),
    ("events.run", "RunRecord"): ".dagster_run dagster_run=",
    ("invocation.io", "build_input_context"): "dagster_type=",
    ("invocation.io", "build_output_context"): "dagster_type=",
    ("invocation.resources", "build_resources"): "dagster_run=",
    ("metadata.value", "MetadataValue"): ".dagster_run",
    ("runs.results", "ExecutionResult"): ".dagster_run",
    ("testing", "instance_for_test"): "set_dagster_home=",
    ("types.kinds", "TypeCheckContext"): "dagster_type=",
}


def add_all_spellings() -> None:
    """Give the classes of the table their attributes and keywords in Dagster's spelling."""
    for (place, name), spellings in TABLE.items():
        owner, _, method = name.partition(".")
        if method:
            cls = getattr(import_module(f"dagflow.{place}"), owner)
            setattr(cls, method, staticmethod(_with_keywords(getattr(cls, method), spellings.split())))
        elif name[0].isupper():
            add_spellings(getattr(import_module(f"dagflow.{place}"), name), spellings.split())


def function_with_spellings(native: str, value: Any) -> Any:
    """Return a public function of the table with its keywords in Dagster's spelling; another value unchanged.

    Args:
        native: Its name in dagflow.
        value: The object of this name.
    """
    spellings = next((row for (_, own), row in TABLE.items() if own == native and own[0].islower()), "")
    return _with_keywords(value, spellings.split()) if spellings else value


def add_spellings(cls: type, spellings: list[str]) -> None:
    """Give a class some attributes (`.name`) and keywords (`name=`) in Dagster's spelling."""
    for spelling in spellings:
        if spelling.startswith("."):
            native = as_dagflow(spelling[1:])
            found = cls.__dict__.get(native)
            own = found if hasattr(found, "__get__") else property(attrgetter(native))
            setattr(cls, spelling[1:], own)
    keywords = [spelling for spelling in spellings if spelling.endswith("=")]
    if keywords:
        maker = "__init__" if "__init__" in cls.__dict__ else "__new__"
        setattr(cls, maker, _with_keywords(getattr(cls, maker), keywords))


def _with_keywords(function: Callable[..., Any], spellings: list[str]) -> Callable[..., Any]:
    """Return a wrapper of a function that accepts some of its keywords in Dagster's spelling too."""
    known = {spelling[:-1]: as_dagflow(spelling[:-1]) for spelling in spellings}

    @functools.wraps(function)
    def translated(*args: Any, **kwargs: Any) -> Any:
        for name in known.keys() & kwargs.keys():
            if known[name] in kwargs:
                raise TypeError(f"both '{name}' and '{known[name]}' were given; give one of them")
            kwargs[known[name]] = kwargs.pop(name)
        return function(*args, **kwargs)

    return translated


def as_dagster(name: str) -> str:
    """Return a name of dagflow in Dagster's spelling.

    Example:
        >>> as_dagster("DagflowInstance")
        'DagsterInstance'
    """
    return name.replace("dagflow", "dagster").replace("Dagflow", "Dagster")


def as_dagflow(name: str) -> str:
    """Return a name of Dagster in dagflow's spelling.

    Example:
        >>> as_dagflow("dagster_type")
        'dagflow_type'
    """
    return name.replace("dagster", "dagflow").replace("Dagster", "Dagflow")
