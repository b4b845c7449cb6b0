"""The strategy that draws faults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from dagflow import ParameterCheckError
from dagflow.testing import Fault, fault_choices
from pytest_dagflow.drawing.arguments import as_job, check_count

_KINDS = ("fail", "fail_late", "wrong_type", "drop_output", "resource_fails")


class DrawnFaults(list[Fault]):
    """Some faults, for `FaultPlan(faults)`. The repr is the lines that add them to `dag_faults`."""

    def __repr__(self) -> str:
        return f"[{', '.join(f'dag_faults.{fault.describe()}' for fault in self)}]"


def fault_plans(
    job: Any, *, max_faults: int = 2, kinds: Iterable[str] = _KINDS
) -> st.SearchStrategy[DrawnFaults]:
    """Draw faults that a job can have: failing nodes, outputs and resources.

    A failing node fails at its first attempt, or at several if it has a retry policy. Of two faults one may
    never fire, because the other stops the run before it. An example prints as the lines of `dag_faults`
    that repeat it. It shrinks to one fault of the first node.

    Args:
        job: A job, or a list of assets.
        max_faults: The largest number of faults.
        kinds: The kinds of faults, by the name of their method of `dag_faults`.

    Returns:
        A strategy of lists of faults, for `FaultPlan(faults)` or `dag_faults.add`.

    Raises:
        ParameterCheckError: An argument is invalid, or nothing of the job can have such a fault.
        CheckError: A kind is unknown.

    Example:
        >>> from hypothesis import find
        >>> from dagflow import job, op
        >>> @op
        ... def brew(): ...
        >>> @job
        ... def cafe():
        ...     brew()
        >>> find(fault_plans(cafe), lambda faults: True)
        [dag_faults.fail('brew')]
    """
    found = as_job("job", job)
    check_count("max_faults", max_faults, 1, 1_000)
    if isinstance(kinds, str):
        raise ParameterCheckError(f"parameter 'kinds' must list kinds, as [{kinds!r}], not be a string")
    choices = fault_choices(found, kinds)
    if not choices:
        raise ParameterCheckError(f"nothing in {found!r} can have a fault of these kinds: {kinds!r}")
    many = st.lists(
        st.sampled_from(choices),
        min_size=1,
        max_size=max_faults,
        unique_by=lambda fault: (fault.kind, fault.node, fault.name, fault.resource),
    )
    return many.map(DrawnFaults)
