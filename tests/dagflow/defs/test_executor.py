"""Executors as definitions."""

from __future__ import annotations

import pytest

from dagflow import (
    ExecutorDefinition,
    in_process_executor,
    multi_or_in_process_executor,
    multiprocess_executor,
)
from dagflow.config.parse import parse
from dagflow.errors import ParameterCheckError


@pytest.mark.parametrize(
    ("executor", "name"),
    [
        (in_process_executor, "in_process"),
        (multiprocess_executor, "multiprocess"),
        (multi_or_in_process_executor, "multi_or_in_process_executor"),
    ],
)
def test_names(executor: ExecutorDefinition, name: str) -> None:
    """Those of the specification."""
    assert executor.name == name
    assert repr(executor) == f"<executor '{name}'>"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, {"max_concurrent": None, "retries": {"enabled": {}}}),
        ({"max_concurrent": 2}, {"max_concurrent": 2, "retries": {"enabled": {}}}),
        (
            {"start_method": {"forkserver": {"preload_modules": ["a"]}}},
            {
                "max_concurrent": None,
                "retries": {"enabled": {}},
                "start_method": {"forkserver": {"preload_modules": ["a"]}},
            },
        ),
        (
            {"retries": {"disabled": {}}, "tag_concurrency_limits": [{"key": "k", "limit": 1}]},
            {
                "max_concurrent": None,
                "retries": {"disabled": {}},
                "tag_concurrency_limits": [{"key": "k", "limit": 1}],
            },
        ),
    ],
)
def test_config_of_processes(given: object, read: object) -> None:
    """Defaults are filled in, optional things stay absent."""
    parsed = parse(multiprocess_executor.config_schema, given)

    assert not parsed.errors
    assert parsed.value == read


def test_an_executor_of_ones_own() -> None:
    """Name, schema, requirements and the function that makes it are kept."""
    made = ExecutorDefinition("mine", {"n": int}, ["r"], print, "d")

    assert made.config_field is made.config_schema is not None
    assert (made.requirements, made.executor_creation_fn, made.description) == (["r"], print, "d")
    assert ExecutorDefinition("mine").config_schema is None
    with pytest.raises(ParameterCheckError, match="'name'"):
        ExecutorDefinition(5)
