"""Executors as definitions: a name and a config schema. What runs the steps is in `dagflow.executors`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagflow.config.choice import Noneable, ScalarUnion, Selector
from dagflow.config.field import Array, Field, Permissive, Shape, resolve_field
from dagflow.errors import check_type


class ExecutorDefinition:
    """Where the steps of a run are run.

    Args:
        name: Its name.
        config_schema: What config it takes, under `execution.config` of a run config.
        requirements: What it needs of instance and I/O managers.
        executor_creation_fn: Makes a custom executor from an init context.
        description: A sentence for people.
    """

    __slots__ = ("config_field", "description", "executor_creation_fn", "name", "requirements")

    def __init__(
        self,
        name: str,
        config_schema: Any = None,
        requirements: Any = None,
        executor_creation_fn: Callable[..., Any] | None = None,
        description: str | None = None,
    ) -> None:
        self.name = check_type(name, str, "name")
        self.config_field: Field | None = None if config_schema is None else resolve_field(config_schema)
        self.requirements = requirements
        self.executor_creation_fn = executor_creation_fn
        self.description = description

    @property
    def config_schema(self) -> Field | None:
        """The schema of its config."""
        return self.config_field

    def __repr__(self) -> str:
        return f"<executor '{self.name}'>"


_RETRIES = Field(
    Selector({
        "enabled": Field(Shape({}), default_value={}),
        "disabled": Field(Shape({}), default_value={}),
    }),
    default_value={"enabled": {}},
    description="Whether steps may be retried.",
)  # fmt: skip
_IN_PROCESS = {"retries": _RETRIES}
_MULTIPROCESS = {
    "max_concurrent": Field(
        Noneable(int), default_value=None, description="Processes at a time; None or 0: one per CPU."
    ),
    "retries": _RETRIES,
    "start_method": Field(
        Selector(
            {
                "spawn": Field(Shape({}), default_value={}),
                "forkserver": Field(
                    Shape({"preload_modules": Field([str], is_required=False)}), default_value={}
                ),
            }
        ),
        is_required=False,
        description="How a process is started.",
    ),
    "tag_concurrency_limits": Field(
        Noneable(
            Array(
                Shape(
                    {
                        "key": str,
                        "value": Field(ScalarUnion(str, Permissive()), is_required=False),
                        "limit": int,
                    }
                )
            )
        ),
        is_required=False,
        description="Limits of steps at a time that share a tag.",
    ),
}

in_process_executor = ExecutorDefinition("in_process", _IN_PROCESS, description="All steps in this process.")
multiprocess_executor = ExecutorDefinition(
    "multiprocess", _MULTIPROCESS, description="Each step in its own process."
)
multi_or_in_process_executor = ExecutorDefinition(
    "multi_or_in_process_executor",
    Field(
        Selector(
            {
                "multiprocess": Field(Shape(_MULTIPROCESS), default_value={}),
                "in_process": Field(Shape(_IN_PROCESS), default_value={}),
            }
        ),
        default_value={"multiprocess": {}},
    ),
    description="The default: each step in its own process, or all in this one, as the run config says.",
)
