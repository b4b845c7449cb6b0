"""What the tags of a node say of its step: its priority, and how long an attempt may last."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dagflow.errors import DagflowInvalidDefinitionError, DagflowUnmetExecutorRequirementsError
from dagflow.keys import system_tag_spellings

if TYPE_CHECKING:
    from dagflow.defs.graphs.content import Node
    from dagflow.plan.step import Step


def priority_of(step: Step) -> int:
    """The priority of a step, 0 where its tags say nothing.

    Raises:
        ValueError: The tag is no whole number.
    """
    tags = step.node.tags
    for tag in system_tag_spellings("priority") if tags else ():
        if tag in tags:
            try:
                return int(tags[tag])
            except ValueError as error:
                raise ValueError(
                    f"the tag '{tag}' of step '{step.key}' is {tags[tag]!r}, which is no whole number"
                ) from error
    return 0


def timeout_of(node: Node, step_key: str) -> float | None:
    """For how many seconds an attempt at the step of a node may last, None where its tags say nothing.

    Raises:
        DagflowInvalidDefinitionError: The tag is no positive number.
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
                    f"the tag '{tag}' of op '{node.definition.name}' (step '{step_key}') is {text!r}, but "
                    "must be a number of seconds above 0"
                )
            return seconds
    return None


def timeout_refused(step_key: str, seconds: float) -> DagflowUnmetExecutorRequirementsError:
    """The error of a time limit in a run whose steps nothing can end."""
    return DagflowUnmetExecutorRequirementsError(
        f"step '{step_key}' has a time limit of {seconds:g} seconds (the tag 'dagflow/step_timeout'), but "
        "all steps of this run share one process, which nothing can end. Run it with execute_job and an "
        "executor that gives steps processes of their own (multiprocess_executor, dask_executor), or take "
        "the tag away."
    )
