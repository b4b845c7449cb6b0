"""Which step is next: the one place where the status of a step changes.

A step is *waiting* until all steps that it waits for have ended. Then it is

* *ready*, if every input can have its value;
* *skipped*, if an output that it needs was not produced (a list needs one of its outputs, everything else
all);
* *blocked*, if a step before it failed or was blocked itself, and it is not skipped: nothing happens to it
any more.

A ready step is taken, runs, and ends: `finish` (with the outputs that did not come), `fail`, or `retry_at`,
which makes it ready again later. Skipped and blocked steps end at once, and so decide those behind them.
Among ready steps the highest priority is taken first, then the lowest index. Nothing here knows time,
threads or events.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence

from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_OUTPUTS, OutputRef, Source, StepInput, refs_of

_SPAN = (
    1 << 40
)  # an entry of the heap is `index - priority * _SPAN`: one number to compare, from which both come back


class Schedule:
    """The status of every step of a run.

    Attributes:
        waiting: For each step, how many of those before it have not ended. Always: ready or decided when it
            is 0.
        ready: Heap of the steps that can be taken.
        tainted: Steps before which something failed or did not come, so that they must be decided, not just
            taken.
        absent: Outputs that will never come, because their step did not produce them or was skipped.
        failed: Steps that failed or are blocked.
        skips: Steps that were skipped and not yet handed out.
    """

    __slots__ = (
        "_dependents",
        "_priorities",
        "absent",
        "failed",
        "plan",
        "ready",
        "skips",
        "tainted",
        "waiting",
    )

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.waiting = list(plan.waiting)
        self._dependents = plan.dependents
        self._priorities: Sequence[int] | None = plan.priorities()
        self.tainted: set[int] = set()
        self.absent: set[OutputRef] = set()
        self.failed: set[str] = set()
        self.skips: list[int] = []
        self.ready = [self._entry(index) for index, count in enumerate(self.waiting) if not count]
        heapq.heapify(self.ready)

    def _entry(self, index: int) -> int:
        return index if self._priorities is None else index - self._priorities[index] * _SPAN

    def take(self) -> int | None:
        """The next step, or None if none is ready."""
        return heapq.heappop(self.ready) % _SPAN if self.ready else None

    def ready_in_order(self) -> list[int]:
        """The ready steps in the order in which `take` would give them."""
        return [entry % _SPAN for entry in sorted(self.ready)]

    def take_this(self, index: int) -> None:
        """Take a step out of turn; it must be ready."""
        self.ready.remove(self._entry(index))
        heapq.heapify(self.ready)

    def finish(self, index: int, absent: Collection[OutputRef] = ()) -> None:
        """A step ended well; `absent` are its outputs that did not come."""
        if absent:
            self._lose(index, absent)
        ended = self._release(index)
        while (
            ended
        ):  # steps that were skipped or blocked have ended too; a loop, because chains of them can be long
            ended += self._release(ended.pop(0))

    def fail(self, index: int) -> None:
        """A step failed for good."""
        self._block(index)
        self.finish(index)

    def retry(self, index: int) -> None:
        """A step that was taken is ready again."""
        heapq.heappush(self.ready, self._entry(index))

    def take_skips(self) -> list[int]:
        """The steps that were skipped since the last call, in the order in which that was decided."""
        skips, self.skips = self.skips, []
        return skips

    def _release(self, index: int) -> list[int]:
        """Let the steps behind one that ended go on. Returns those that ended by that."""
        waiting = self.waiting
        ended = []
        for dependent in self._dependents[index]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                if dependent in self.tainted and self._ends(dependent):
                    ended.append(dependent)
                else:
                    heapq.heappush(self.ready, self._entry(dependent))
        return ended

    def _ends(self, index: int) -> bool:
        """Whether a step that waits for nothing any more is skipped or blocked."""
        step = self.plan.steps[index]
        if any(self._lacks(item) for item in step.inputs):
            self.skips.append(index)
            self._lose(index, [OutputRef(step.key, output.name) for output in step.outputs])
            return True
        if any(key in self.failed for key in step.upstream):
            self._block(index)
            return True
        return False

    def _lose(self, index: int, absent: Collection[OutputRef]) -> None:
        self.absent.update(absent)
        self.tainted.update(self._dependents[index])

    def _block(self, index: int) -> None:
        self.failed.add(self.plan.steps[index].key)
        self.tainted.update(self._dependents[index])

    def _lacks(self, item: StepInput) -> bool:
        """Whether an input can never have its value."""
        source = item.source
        if source.kind == FROM_OUTPUTS:
            parts = [part for part in source.parts if refs_of(part)]
            return len(parts) == len(source.parts) and all(self._absent(part) for part in parts)
        return self._absent(source)

    def _absent(self, source: Source) -> bool:
        return source.ref is not None and source.ref in self.absent
