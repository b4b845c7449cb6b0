"""The record of one fault over all runs, and the reason why it never fired."""

from __future__ import annotations

from collections.abc import Collection

from dagflow._util import listed, nearest
from dagflow.analysis.faults import RESOURCE_KIND, Fault


class FaultStatus:
    """One fault of a plan, with the record of its runs.

    Attributes:
        number: The number of the fault, unique in its plan.
        is_known: Whether a run had its node or its resource.
        is_refused: Whether the last run refused the fault with an error.
        other_partitions: The partitions of the runs that had its node, and not its partition.
        attempts: The step key and number of each attempt of its node.
        draws, is_drawn: The number of attempts that its probability decided, and whether it chose one.
        fired: The number of times that it fired.
        missed: The reasons why it had no effect on an attempt.
    """

    def __init__(self, number: int, fault: Fault) -> None:
        self.number = number
        self.fault = fault
        self.is_known = False
        self.is_refused = False
        self.other_partitions: dict[str | None, None] = {}
        self.attempts: list[tuple[str, int]] = []
        self.draws = 0
        self.is_drawn = False
        self.fired = 0
        self.missed: dict[str, None] = {}

    def reason(self, names: Collection[str]) -> str:
        """Return the reason why the fault never fired.

        Args:
            names: The nodes of all runs, or the resources if the fault is about one.
        """
        fault = self.fault
        if not self.is_known:
            kind, name = ("node", fault.node) if fault.resource == "" else ("resource", fault.resource)
            has = f"The runs had {listed(names)}" if names else "The runs had none"
            return f"no run had a {kind} '{name}'.{nearest(name, names)} {has}"
        is_tried = bool(self.attempts or self.draws or self.is_drawn)
        if self.other_partitions and not is_tried:
            keys = [key for key in self.other_partitions if key is not None]
            ran = f"the runs were for {listed(keys)}" if keys else "the runs were for no partition"
            return f"{ran}, never for '{fault.partition}'"
        if fault.kind == RESOURCE_KIND:
            return self._reason_of_draws() or "the resource did not start, so it did not stop"
        return self._reason_of_attempts() or self._reason_of_draws() or self._reason_of_effect()

    def _reason_of_attempts(self) -> str:
        """Return the reason if no attempt matched the fault, else an empty string."""
        fault = self.fault
        if not self.attempts:
            return f"'{fault.node}' did not run: a step before it failed or gave no output"
        numbers = sorted({number for _, number in self.attempts})
        if fault.on_attempt is not None and not set(fault.on_attempt) & set(numbers):
            wanted = " or ".join(map(str, fault.on_attempt))
            return (
                f"'{fault.node}' never reached attempt {wanted}, its last one was {numbers[-1]}. A step is "
                "only tried again if it fails and has a retry policy"
            )
        keys = {key.partition("[")[2].rstrip("]") for key, _ in self.attempts}
        if fault.mapping_key is not None and fault.mapping_key not in keys and keys != {""}:
            return f"'{fault.node}' ran for the mapping keys {listed(sorted(keys))}"
        return ""

    def _reason_of_draws(self) -> str:
        """Return the reason if the probability chose no attempt, else an empty string."""
        if self.is_drawn or not self.draws:
            return ""
        times = "the only attempt" if self.draws == 1 else f"any of {self.draws} attempts"
        return (
            f"its probability of {self.fault.probability:g} with seed {self.fault.seed} did not choose "
            f"{times}: use another seed, or start more runs"
        )

    def _reason_of_effect(self) -> str:
        """Return the reason why the fault had no effect on the attempts that it was for."""
        if self.missed:
            return "; ".join(self.missed)
        what = f"output '{self.fault.name}'" if self.fault.name else "output"
        return f"'{self.fault.node}' ended before it gave the {what}"
