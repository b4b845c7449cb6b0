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

from collections import deque
from collections.abc import Callable, Collection, Sequence

from dagflow.plan.dynamic import expanded
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_COLLECT, FROM_OUTPUTS, OutputRef, Source, Step, StepInput, refs_of


class Schedule:
    """The status of every step of a run.

    Attributes:
        waiting: For each step, how many of those before it have not ended. Always: ready or decided when it
            is 0.
        ready: The steps that can be taken: a queue for each priority, the highest first.
        tainted: Steps before which something failed or did not come, so that they must be decided, not just
            taken.
        absent: Outputs that will never come, because their step did not produce them or was skipped.
        failed: Steps that failed or are blocked.
        decided: Steps that will not run and were not yet handed out: each with the keys of the steps that
            block it, None where it was skipped.
        ended: Steps that ended; kept only where the plan has templates.
        expanded: Templates that were expanded, and for each the keys of the steps that it became.
    """

    __slots__ = (
        "_dependents",
        "_done",
        "_queues",
        "_template_of",
        "absent",
        "decided",
        "ended",
        "expanded",
        "failed",
        "plan",
        "ready",
        "tainted",
        "waiting",
    )

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.waiting = list(plan.waiting)
        self._dependents = plan.dependents
        priorities = plan.priorities()
        by_priority = {priority: deque[int]() for priority in sorted(set(priorities), reverse=True)}
        self.ready = list(by_priority.values())
        self._queues = [by_priority[priority] for priority in priorities]
        self.tainted: set[int] = set()
        self.absent: set[OutputRef] = set()
        self.failed: set[str] = set()
        self.decided: list[tuple[int, list[str] | None]] = []
        self.ended: set[int] | None = set() if plan.has_templates else None
        self.expanded: dict[str, list[str]] = {}
        self._template_of: dict[int, int] = {}
        self._done: set[int] | None = set() if plan.has_templates else None
        for index, count in enumerate(self.waiting):
            if not count:
                self._queues[index].append(index)

    def take(self, admits: Callable[[Step], bool] | None = None) -> int | None:
        """The next step, or None if none is ready.

        Args:
            admits: Whether there is room for a step now; one for which there is none keeps its place.
        """
        for queue in self.ready:
            if queue and admits is None:
                return queue.popleft()
            for index in queue:
                if admits is not None and admits(self.plan.steps[index]):
                    queue.remove(index)
                    return index
        return None

    def ready_in_order(self) -> list[int]:
        """The ready steps in the order in which `take` would give them."""
        return [index for queue in self.ready for index in queue]

    def take_this(self, index: int) -> None:
        """Take a step out of turn; it must be ready."""
        self._queues[index].remove(index)

    def finish(self, index: int, absent: Collection[OutputRef] = ()) -> None:
        """A step ended well; `absent` are its outputs that did not come."""
        if absent:
            self._lose(index, absent)
        ended = [index]
        while ended:  # who is skipped or blocked has ended too; a loop, because chains of them can be long
            ended = self._release(ended)

    def fail(self, index: int) -> None:
        """A step failed for good."""
        self._block(index)
        self.finish(index)

    def retry(self, index: int) -> None:
        """A step that was taken is ready again."""
        self._queues[index].append(index)

    def expand(self, over: OutputRef, keys: Sequence[str]) -> None:
        """Add the steps that the templates over a dynamic output become, before its step is finished.

        Args:
            over: The dynamic output.
            keys: Its mapping keys, in the order in which they were yielded.
        """
        if self.ended is None or self._done is None:
            return  # nothing is mapped over any output
        steps = self.plan.steps
        templates = [step for step in steps if step.mapped_over == over]
        added = expanded(templates, keys)
        self.plan.add(added)
        place, ended, index_of = self._template_of, self.ended, self.plan.index_by_key
        for number, step in enumerate(added):
            place[step.index] = templates[number // len(keys)].index
            before = [index_of[key] for key in step.upstream]
            self.waiting.append(len(before) - len(ended.intersection(before)))
            if (self.failed and any(steps[index].key in self.failed for index in before)) or (
                self.absent and any(map(self._lacks, step.inputs))
            ):
                self.tainted.add(step.index)
        source = index_of[over.step_key]
        self._dependents[source].sort(key=lambda index: self._rank(index, source))
        for number, template in enumerate(templates):
            became = [step.key for step in added[number * len(keys) : (number + 1) * len(keys)]]
            self.expanded[template.key] = became
            self._done.add(template.index)
            self._queues += [self._queues[template.index]] * len(keys)
            for dependent in self._dependents[template.index]:
                if steps[dependent].mapped_over != over:
                    self.waiting[dependent] += len(became)
                    for key in became:
                        self._dependents[index_of[key]].append(dependent)
                    if not became:
                        self.tainted.add(dependent)

    def _rank(self, index: int, source: int) -> tuple[bool, int]:
        """The place of a step behind one with dynamic outputs: first those that need one value, then those
        that are mapped over the values or collect them.
        """
        is_of_many = index in self._template_of or (
            self.plan.steps[index].collects_from(self.plan.steps[source].key)
        )
        return is_of_many, self._template_of.get(index, index)

    def take_decided(self) -> list[tuple[int, list[str] | None]]:
        """The steps of which it was decided since the last call that they will not run, in that order: each
        with the keys of the steps that block it, None where it is skipped.
        """
        decided, self.decided = self.decided, []
        return decided

    def _release(self, ended: list[int]) -> list[int]:
        """Let the steps behind those that ended go on, in plan order. Returns those that end by that."""
        waiting, done = self.waiting, self._done
        several = len(ended) > 1
        free: list[int] = []
        for index in ended:  # grows by the templates that are done with: nobody waits for a round of them
            for dependent in self._dependents[index]:
                waiting[dependent] -= 1
                if not waiting[dependent]:
                    is_over = done is not None and (dependent in done or self._is_skipped_template(dependent))
                    (ended if is_over else free).append(dependent)
        if self.ended is not None:
            self.ended.update(ended)
        if several:
            free.sort()
        elif len(ended) > 1:
            source = ended[0]
            own = set(self._dependents[source])
            if not own.issuperset(free):
                free.sort(key=lambda index: self._rank(index, source) if index in own else (True, index))
        also_ended = []
        before = len(self.decided)
        for index in free:
            if index in self.tainted and self._ends(index):
                also_ended.append(index)
            else:
                self._queues[index].append(index)
        if len(also_ended) > 1 and len(self.ready) > 1:
            rank = {id(queue): place for place, queue in enumerate(self.ready)}
            now = sorted(self.decided[before:], key=lambda item: rank[id(self._queues[item[0]])])
            self.decided[before:] = now
        return also_ended

    def _is_skipped_template(self, index: int) -> bool:
        is_template = self.plan.steps[index].mapped_over is not None
        return is_template and index in self.tainted and self._ends(index)

    def _ends(self, index: int) -> bool:
        """Whether a step that waits for nothing any more ends without running."""
        step = self.plan.steps[index]
        if any(self._lacks(item) for item in step.inputs):
            if step.mapped_over is None:
                self.decided.append((index, None))
            self._lose(index, [OutputRef(step.key, output.name) for output in step.outputs])
            return True
        failed = [
            key
            for upstream in step.upstream
            for key in (upstream, *self.expanded.get(upstream, ()))
            if key in self.failed
        ]
        if failed:
            self._block(index)
            if step.mapped_over is None:
                self.decided.append((index, failed))
        return bool(failed)

    def _lose(self, index: int, absent: Collection[OutputRef]) -> None:
        self.absent.update(absent)
        self.tainted.update(self._dependents[index])

    def _block(self, index: int) -> None:
        self.failed.add(self.plan.steps[index].key)
        self.tainted.update(self._dependents[index])

    def _lacks(self, item: StepInput) -> bool:
        """Whether an input can never have its value."""
        source = item.source
        if source.source_type == FROM_OUTPUTS:
            parts = [part for part in source.parts if refs_of(part)]
            return len(parts) == len(source.parts) and all(self._absent(part) for part in parts)
        return self._absent(source) or (
            source.source_type == FROM_COLLECT and self._nothing_to_collect(source.ref)
        )

    def _absent(self, source: Source) -> bool:
        return source.ref is not None and source.ref in self.absent

    def _nothing_to_collect(self, ref: OutputRef | None) -> bool:
        """Whether there are mapping keys, but no mapped step gave the value; or not even the dynamic output
        came.
        """
        if ref is None or ref.step_key not in self.expanded:
            return False
        became = self.expanded[ref.step_key]
        if became:
            return all(ref._replace(step_key=key) in self.absent for key in became)
        return self.plan.step_by_key(ref.step_key).mapped_over in self.absent
