"""The checks of the arguments of strategies, which raise at the call and not at the first draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis.strategies import SearchStrategy

from dagflow import AssetsDefinition, GraphDefinition, JobDefinition, ParameterCheckError, define_asset_job


def check_kind(name: str, value: Any, kind: Any, what: str) -> Any:
    """Return a value of the right class.

    Raises:
        ParameterCheckError: It is of another class.
    """
    if not isinstance(value, kind):
        raise ParameterCheckError(f"parameter '{name}' must be {what}, not {value!r}")
    return value


def check_flag(name: str, value: object) -> None:
    """Raise ParameterCheckError unless a value is a bool."""
    check_kind(name, value, bool, "True or False")


def check_count(name: str, value: object, least: int, most: int) -> None:
    """Raise ParameterCheckError unless a value is an integer between two others."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ParameterCheckError(f"parameter '{name}' must be an int from {least} to {most}, not {value!r}")


def check_values(values: object) -> dict[str, SearchStrategy[Any]]:
    """Return the strategies of a mapping by name; an empty dict for None.

    Raises:
        ParameterCheckError: It is no mapping of strings to strategies.
    """
    if values is None:
        return {}
    found = dict(check_kind("values", values, Mapping, "a dict of strategies"))
    for name, strategy in found.items():
        if not isinstance(name, str) or not isinstance(strategy, SearchStrategy):
            raise ParameterCheckError(
                f"parameter 'values' must have names and strategies of hypothesis, not {name!r}: {strategy!r}"
            )
    return found


def as_job(name: str, target: Any) -> JobDefinition:
    """Return a job itself, or the job that materializes assets.

    Raises:
        ParameterCheckError: The target is neither a job nor a list of assets.
    """
    if isinstance(target, JobDefinition):
        return target
    if isinstance(target, AssetsDefinition):
        target = [target]
    is_listed = isinstance(target, Sequence) and not isinstance(target, str)
    if is_listed and target and not any(isinstance(one, (str, JobDefinition)) for one in target):
        return define_asset_job("assets").resolve(list(target))
    hint = " Call its method to_job()." if isinstance(target, GraphDefinition) else ""
    raise ParameterCheckError(f"parameter '{name}' must be a job or a list of assets, not {target!r}.{hint}")
