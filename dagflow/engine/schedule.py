"""`Schedule`: the choice of the next step. Only this module changes the status of a step.

A step is *waiting* until all its upstream steps have ended. Then it is one of:

* *ready*, if every input can have its value;
* *skipped*, if a needed output was not produced (a list input needs one of its outputs, any other input all);
* *blocked*, if an upstream step failed or is blocked, and the step is not skipped.

A ready step is taken, runs, and ends by `finish` (with its absent outputs), by `fail`, or by `retry`, which
makes it ready again. Skipped and blocked steps end at once, and so decide their downstream steps. The ready
step with the highest priority is taken first. Within a priority, the step that became ready first is taken
first; steps that became ready together are in plan order. This module does not use time, threads or events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence

from dagflow.plan.dynamic import expanded
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_COLLECT, FROM_OUTPUTS, OutputRef, Source, Step, StepInput, refs_of


class Schedule:
    """The status of every step of a run. An index is the position of a step in `plan.steps`.

    Attributes:
        waiting: For each step, the number of its upstream steps that have not ended. Invariant: a step with 0
            is ready or decided.
        ready: The indexes of the ready steps: a queue for each priority, the highest first.
        tainted: Steps with a failed upstream step or an absent input. They may be skipped or blocked.
        absent: Outputs that were not produced and never will be.
        failed: The keys of the steps that failed or are blocked.
        decided: Steps that will not run and that `take_decided` has not returned yet. Each has the keys of
            the steps that block it, or None if it is skipped.
        ended: Steps that ended; None if the plan has no templates.
        expanded: The keys of the steps of each expanded template, by template key.
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
        self.plan: Plan = plan
        self.waiting: list[int] = list(plan.waiting)
        self._dependents = plan.dependents
        priorities = plan.priorities()
        by_priority = {priority: deque[int]() for priority in sorted(set(priorities), reverse=True)}
        self.ready: list[deque[int]] = list(by_priority.values())
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
        """Remove the next step from the ready steps and return its index.

        Args:
            admits: A function that returns whether a ready step may start now. A rejected step stays ready.
                None admits all steps.

        Returns:
            The index of the step, or None if no ready step may start.
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
        """Return the indexes of the ready steps, in the order of `take`."""
        return [index for queue in self.ready for index in queue]

    def take_index(self, index: int) -> None:
        """Remove the step with this index from the ready steps.

        Raises:
            ValueError: The step is not ready.
        """
        self._queues[index].remove(index)

    def finish(self, index: int, absent: Collection[OutputRef] = ()) -> None:
        """End a taken step that succeeded, and decide its downstream steps.

        Args:
            index: The index of the step.
            absent: The outputs that the step did not produce.
        """
        if absent:
            self._mark_absent(index, absent)
        ended = [index]
        while ended:  # skipped and blocked steps end too; a loop, because a chain of them can be long
            ended = self._release(ended)

    def fail(self, index: int) -> None:
        """End a taken step that failed and is not retried, and decide its downstream steps."""
        self._block(index)
        self.finish(index)

    def retry(self, index: int) -> None:
        """Put a taken step back, after all ready steps of its priority."""
        self._queues[index].append(index)

    def expand(self, over: OutputRef, keys: Sequence[str]) -> None:
        """Expand each template over a dynamic output: add a step to the plan for each mapping key.

        Call it before `finish` of the step of the output. It does nothing if the plan has no templates.

        Args:
            over: The dynamic output.
            keys: The mapping keys of the output, in the order in which they were yielded.
        """
        if self.ended is None or self._done is None:
            return  # the plan has no templates
        steps = self.plan.steps
        templates = [step for step in steps if step.mapped_over == over]
        added = expanded(templates, keys)
        self.plan.add(added)
        template_of, ended, index_of = self._template_of, self.ended, self.plan.index_by_key
        for number, step in enumerate(added):
            template_of[step.index] = templates[number // len(keys)].index
            before = [index_of[key] for key in step.upstream]
            self.waiting.append(len(before) - len(ended.intersection(before)))
            if (self.failed and any(steps[index].key in self.failed for index in before)) or (
                self.absent and any(map(self._is_unavailable, step.inputs))
            ):
                self.tainted.add(step.index)
        source = index_of[over.step_key]
        self._dependents[source].sort(key=lambda index: self._rank(index, source))
        for number, template in enumerate(templates):
            own_keys = [step.key for step in added[number * len(keys) : (number + 1) * len(keys)]]
            self.expanded[template.key] = own_keys
            self._done.add(template.index)
            self._queues += [self._queues[template.index]] * len(keys)
            for dependent in self._dependents[template.index]:
                if steps[dependent].mapped_over != over:
                    self.waiting[dependent] += len(own_keys)
                    for key in own_keys:
                        self._dependents[index_of[key]].append(dependent)
                    if not own_keys:
                        self.tainted.add(dependent)

    def _rank(self, index: int, source: int) -> tuple[bool, int]:
        """Return the sort key of a step downstream of one with dynamic outputs.

        Steps that read one value come first, then steps that are mapped over the values or collect them.
        """
        is_of_many = index in self._template_of or (
            self.plan.steps[index].collects_from(self.plan.steps[source].key)
        )
        return is_of_many, self._template_of.get(index, index)

    def take_decided(self) -> list[tuple[int, list[str] | None]]:
        """Return the steps that were skipped or blocked since the last call.

        Returns:
            For each step its index, and the keys of the failed or blocked upstream steps, or None if it is
            skipped. Steps that end together are ordered by priority.
        """
        decided, self.decided = self.decided, []
        return decided

    def _release(self, ended: list[int]) -> list[int]:
        """Update the downstream steps of ended steps, in plan order. Return those that end because of it."""
        waiting, done = self.waiting, self._done
        several = len(ended) > 1
        unblocked: list[int] = []
        for index in ended:  # grows: an expanded or skipped template ends in the same round
            for dependent in self._dependents[index]:
                waiting[dependent] -= 1
                if not waiting[dependent]:
                    is_over = done is not None and (dependent in done or self._is_skipped_template(dependent))
                    (ended if is_over else unblocked).append(dependent)
        if self.ended is not None:
            self.ended.update(ended)
        if several:
            unblocked.sort()
        elif len(ended) > 1:
            source = ended[0]
            own = set(self._dependents[source])
            if not own.issuperset(unblocked):
                unblocked.sort(key=lambda index: self._rank(index, source) if index in own else (True, index))
        also_ended = []
        before = len(self.decided)
        for index in unblocked:
            if index in self.tainted and self._ends_without_running(index):
                also_ended.append(index)
            else:
                self._queues[index].append(index)
        if len(also_ended) > 1 and len(self.ready) > 1:
            rank = {id(queue): position for position, queue in enumerate(self.ready)}
            now = sorted(self.decided[before:], key=lambda item: rank[id(self._queues[item[0]])])
            self.decided[before:] = now
        return also_ended

    def _is_skipped_template(self, index: int) -> bool:
        is_template = self.plan.steps[index].mapped_over is not None
        return is_template and index in self.tainted and self._ends_without_running(index)

    def _ends_without_running(self, index: int) -> bool:
        """Return whether a step whose upstream steps ended is skipped or blocked, and mark it so."""
        step = self.plan.steps[index]
        if any(self._is_unavailable(item) for item in step.inputs):
            if step.mapped_over is None:
                self.decided.append((index, None))
            self._mark_absent(index, [OutputRef(step.key, output.name) for output in step.outputs])
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

    def _mark_absent(self, index: int, absent: Collection[OutputRef]) -> None:
        self.absent.update(absent)
        self.tainted.update(self._dependents[index])

    def _block(self, index: int) -> None:
        self.failed.add(self.plan.steps[index].key)
        self.tainted.update(self._dependents[index])

    def _is_unavailable(self, item: StepInput) -> bool:
        """Return whether an input can never have its value."""
        source = item.source
        if source.source_type == FROM_OUTPUTS:
            parts = [part for part in source.parts if refs_of(part)]
            return len(parts) == len(source.parts) and all(self._is_absent(part) for part in parts)
        return self._is_absent(source) or (
            source.source_type == FROM_COLLECT and self._collects_nothing(source.ref)
        )

    def _is_absent(self, source: Source) -> bool:
        return source.ref is not None and source.ref in self.absent

    def _collects_nothing(self, ref: OutputRef | None) -> bool:
        """Return whether no mapped step produced the value, although there are mapping keys.

        Without mapping keys: whether the dynamic output itself is absent.
        """
        if ref is None or ref.step_key not in self.expanded:
            return False
        keys = self.expanded[ref.step_key]
        if keys:
            return all(ref._replace(step_key=key) in self.absent for key in keys)
        return self.plan.step_by_key(ref.step_key).mapped_over in self.absent
