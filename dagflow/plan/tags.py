"""Tags of a node that concern its step: its priority, and the time limit of an attempt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dagflow.errors import DagflowInvalidDefinitionError, DagflowUnmetExecutorRequirementsError, repr_of
from dagflow.tags import system_tag_spellings

if TYPE_CHECKING:
    from dagflow.defs.graphs.content import Node
    from dagflow.plan.step import Step


def priority_of(step: Step) -> int:
    """Return the priority of a step: the value of its tag, or 0.

    Raises:
        ValueError: The tag is not an integer.
    """
    tags = step.node.tags
    for tag in system_tag_spellings("priority") if tags else ():
        if tag in tags:
            try:
                return int(tags[tag])
            except ValueError as error:
                raise ValueError(
                    f"the tag '{tag}' of step '{step.key}' is {repr_of(tags[tag])}, which is not an integer"
                ) from error
    return 0


def timeout_of(node: Node, step_key: str) -> float | None:
    """Return the time limit of an attempt in seconds, None if the node has no such tag.

    Raises:
        DagflowInvalidDefinitionError: The tag is not a positive number.
    """
    for tag in system_tag_spellings("step_timeout"):
        text = node.tags.get(tag)
        if text is not None:
            try:
                seconds = float(text)
            except ValueError:
                seconds = math.nan
            if not 0 < seconds < math.inf:
                raise DagflowInvalidDefinitionError(
                    f"the tag '{tag}' of op '{node.definition.name}' (step '{step_key}') is "
                    f"{repr_of(text)}, but "
                    "must be a positive number of seconds"
                )
            return seconds
    return None


def timeout_refused(step_key: str, seconds: float) -> DagflowUnmetExecutorRequirementsError:
    """Build the error about a time limit in a run whose steps cannot be ended."""
    return DagflowUnmetExecutorRequirementsError(
        f"step '{step_key}' has a time limit of {seconds:g} seconds (the tag 'dagflow/step_timeout'), but "
        "all steps of this run share one process, which nothing can end. Run it with execute_job and an "
        "executor that gives steps processes of their own (multiprocess_executor, dask_executor), or remove "
        "the tag."
    )
