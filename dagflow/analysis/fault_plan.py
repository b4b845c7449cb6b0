"""`FaultPlan`: the faults of a block of code, and the record of those that fired.

`PlannedFaults` injects them into the runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from dagflow.analysis.conditions import Conditions
from dagflow.analysis.fault_methods import FaultMethods
from dagflow.analysis.fault_status import FaultStatus
from dagflow.analysis.faults import Fault, check_fault
from dagflow.analysis.planned_faults import PlannedFaults
from dagflow.errors import ParameterCheckError


class FaultPlan(FaultMethods):
    """The faults that runs inject, for `run_options(faults=...)`. A fault that never fired is reported.

    Each method adds one fault and returns it. `node` is the name of an op, asset or step, such as "brew",
    "raw/beans", "machine.grind", or its definition. These arguments are the same in each method:

    - `on_attempt`: the number of the attempt that has the fault, from 1, a list of numbers, or None for all;
    - `mapping_key`: the mapping key of the step, or of a value of a dynamic output;
    - `partition`: the partition of the run;
    - `probability`, `seed`: the chance of each attempt. The same seed gives the same faults.

    Args:
        faults: The first faults.
        conditions: The conditions of `sometimes`, which several plans may share; default: new ones.

    Attributes:
        conditions: The conditions of `sometimes`.
        planned: The faults as the runs use them.

    Example:
        >>> from dagflow import RetryPolicy, job, op
        >>> from dagflow.testing import FaultPlan, run_options
        >>> @op(retry_policy=RetryPolicy(max_retries=1))
        ... def brew():
        ...     return "tea"
        >>> @job
        ... def cafe():
        ...     brew()
        >>> faults = FaultPlan()
        >>> with run_options(faults=faults):
        ...     _ = faults.fail("brew")
        ...     result = cafe.execute_in_process()
        >>> result.retry_attempts_for_node("brew"), faults.unfired()
        (1, [])
    """

    def __init__(self, faults: Iterable[Fault] = (), conditions: Conditions | None = None) -> None:
        self.conditions: Conditions = Conditions() if conditions is None else conditions
        self.planned: PlannedFaults = PlannedFaults()
        self._removed: list[str] = []
        self._added = 0
        for fault in faults:
            self.add(fault)

    @property
    def runs(self) -> int:
        """The number of runs so far."""
        return self.planned.count

    @property
    def faults(self) -> list[Fault]:
        """The faults, in the order in which they were added."""
        return [status.fault for status in self.planned.statuses]

    def add(self, fault: Fault) -> Fault:
        """Add a fault.

        Raises:
            CheckError: A field of it is invalid.
        """
        if not isinstance(fault, Fault):
            raise ParameterCheckError(f"add() needs a Fault, not {fault!r} of type '{type(fault).__name__}'")
        check_fault(fault)
        node, bracket, key = fault.node.partition("[")
        if bracket:  # a mapped step, as brew[a]
            fault = fault._replace(node=node, mapping_key=key.rstrip("]"))
        self.planned.statuses.append(FaultStatus(self._added, fault))
        self._added += 1
        return fault

    def clear(self) -> None:
        """Remove all faults: later runs have none. `unfired` still lists those that never fired."""
        self._removed += self._unfired()
        self.planned.statuses.clear()

    def sometimes(self, name: str, condition: object) -> None:
        """Note whether a condition holds now. It must hold at least once, over all examples of a property.

        Args:
            name: The name of the condition.
            condition: Any value; only its truth counts.
        """
        self.conditions.note(name, condition)

    def unfired(self) -> list[str]:
        """Return a message for each fault that never fired: the fault, and the reason.

        A fault that a run refused with an error is not listed, because the caller of the run got the error.
        """
        return [*self._removed, *self._unfired()]

    def _unfired(self) -> list[str]:
        messages = []
        for status in self.planned.statuses:
            if not status.fired and not status.is_refused:
                names = self.planned.resources if status.fault.resource else self.planned.nodes
                reason = status.reason(names) if self.runs else "no run started"
                messages.append(f"{status.fault.describe()} never fired: {reason}")
        return messages
