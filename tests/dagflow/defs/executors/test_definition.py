"""Executor definitions."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    CheckError,
    DagflowInvalidConfigError,
    ExecutorDefinition,
    ExecutorRequirement,
    GraphDefinition,
    JobDefinition,
    executor,
    in_process_executor,
    multi_or_in_process_executor,
    multiprocess_executor,
    validate_run_config,
)
from dagflow.config.parse import parse


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (in_process_executor, "in_process"),
        (multiprocess_executor, "multiprocess"),
        (multi_or_in_process_executor, "multi_or_in_process_executor"),
    ],
)
def test_names(made: ExecutorDefinition, name: str) -> None:
    """The names of the built-in executors are those of the specification."""
    assert made.name == name
    assert repr(made) == f"<executor '{name}'>"


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
    """Missing config gets defaults; optional entries stay absent."""
    parsed = parse(multiprocess_executor.config_schema, given)

    assert not parsed.errors
    assert parsed.value == read


def test_an_executor_of_ones_own() -> None:
    """A custom executor stores name, schema, requirements and creation function."""
    persistent = ExecutorRequirement.PERSISTENT_OUTPUTS
    made = ExecutorDefinition("mine", {"n": int}, [persistent], print, "d")

    assert made.config_field is made.config_schema is not None
    assert (made.get_requirements(), made.executor_creation_fn, made.description) == (
        [persistent],
        print,
        "d",
    )
    assert not ExecutorDefinition("mine").config_schema.is_required
    told = ExecutorDefinition("mine", requirements=lambda config: [persistent] * config.get("n", 0))
    assert (told.get_requirements(), told.get_requirements({"n": 1})) == ([], [persistent])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": 5}, "'name'"),
        ({"name": "mine", "requirements": ["r"]}, "'requirements' of executor 'mine'.*not 'r'"),
        ({"name": "mine", "requirements": 5}, "'requirements'"),
        ({"name": "mine", "executor_creation_fn": 5}, "'executor_creation_fn' of executor 'mine'"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], message: str) -> None:
    """Errors name the executor."""
    with pytest.raises(CheckError, match=message):
        ExecutorDefinition(**arguments)


def test_the_decorator() -> None:
    """The name of the function is the default name, with and without arguments."""

    @executor
    def bare(context: object) -> None: ...

    @executor(name="other", config_schema=str, requirements=[ExecutorRequirement.NON_EPHEMERAL_INSTANCE])
    def named(context: object) -> None: ...

    assert (bare.name, bare.config_field, bare.get_requirements()) == ("bare", None, [])
    assert (named.name, named.get_requirements()) == ("other", [ExecutorRequirement.NON_EPHEMERAL_INSTANCE])
    assert named.executor_creation_fn is not None


def test_configured() -> None:
    """Fixed config replaces config from the run config; name and requirements stay."""
    few = multiprocess_executor.configured({"max_concurrent": 1})
    some = multiprocess_executor.configured(lambda n: {"max_concurrent": n}, "some", int)

    def shown(made: ExecutorDefinition, given: object) -> object:
        run_config = {} if given is None else {"execution": {"config": given}}
        return validate_run_config(JobDefinition(GraphDefinition("j"), executor_def=made), run_config)[
            "execution"
        ]

    assert shown(few, None) == {"multiprocess": {"max_concurrent": 1, "retries": {"enabled": {}}}}
    assert shown(few, {"max_concurrent": 3}) == shown(few, None)
    assert shown(some, 4) == {"some": {"max_concurrent": 4, "retries": {"enabled": {}}}}
    assert few.get_requirements() == multiprocess_executor.get_requirements()
    with pytest.raises(DagflowInvalidConfigError, match="Error in config for executor 'some'"):
        shown(multiprocess_executor.configured({"max_concurrent": "x"}, "some"), None)


def test_the_default_needs_processes_unless_told_otherwise() -> None:
    """The requirements of the default executor depend on its config."""
    assert multi_or_in_process_executor.get_requirements({"in_process": {}}) == []
    assert len(multi_or_in_process_executor.get_requirements({"multiprocess": {}})) == 3
