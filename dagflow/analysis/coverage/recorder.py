"""The recorder: it marks in the coverage of a graph what runs and ticks exercise.

It reads the plan and the events of each run. A step that was stubbed or skipped has no such event. The direct
call of a function is no run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any

from dagflow.analysis.coverage.config_fields import fields_with_value
from dagflow.analysis.coverage.data import Coverage, CoveredNode
from dagflow.analysis.coverage.denominators import (
    DOES_NOT_PASS,
    FAILS,
    PASSES,
    RETRY_FAILURE,
    RETRY_SUCCESS,
    RUN,
    TICK,
    Denominators,
    can_run,
    given,
    id_of,
    kind_of,
    module_of,
    name_of,
    not_given,
    op_of,
    outputs_of,
    partitioned_jobs,
)
from dagflow.analysis.coverage.partitions import PartitionItems
from dagflow.analysis.coverage.places import Place, place_of
from dagflow.analysis.coverage.seen import SeenStep, seen_steps
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.parts.evaluation import code_of, unwrapped
from dagflow.keys import step_key_base
from dagflow.plan.step import FROM_STORAGE, GIVEN, Source, Step
from dagflow.selection.graph import Graph, Node

if TYPE_CHECKING:
    from dagflow.plan.plan import Plan
    from dagflow.runs.results import ExecutionResult

_HOOK = re.compile(r'hook "(.*?)" of step')


class CoverageRecorder:
    """The coverage of a graph, to which runs and ticks are added. Safe for threads.

    Args:
        graph: The graph of the project.

    Attributes:
        coverage: The coverage so far.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> from dagflow.testing import graph_of
        >>> @asset
        ... def water():
        ...     return 1
        >>> recorder = CoverageRecorder(graph_of(water))
        >>> recorder.add_run(materialize_to_memory([water]), test="test_water")
        >>> recorder.coverage.counts()["nodes"], [node.tests for node in recorder.coverage.nodes.values()]
        (Count(covered=1, total=1), [{'test_water'}])
    """

    def __init__(self, graph: Graph) -> None:
        self.coverage: Coverage = Coverage()
        self._graph = graph
        self._denominators = Denominators(graph)
        self._covered: dict[str, CoveredNode] = {}  # by the id of the node in the graph
        self._places: dict[int, Place] = {}
        self._by_key: dict[object, list[Node]] = {}
        self._by_path: dict[str, list[Node]] = {}
        self._by_function: dict[int, list[Node]] = {}
        self._jobs: dict[str, tuple[CoveredNode, PartitionItems]] = {}
        self._lock = Lock()
        for node in graph.nodes:
            self._add_node(node)
        for automation in graph.automations:
            self._add_automation(automation)
        for name, job in partitioned_jobs(graph).items():
            self._add_job(name, job)

    def _add_node(self, node: Node) -> None:
        if node.key is not None:
            self._by_key.setdefault(node.key, []).append(node)
        op = op_of(node.definition)
        if op is not None and node.key is None:
            self._by_path.setdefault(node.names[0], []).append(node)
            self._by_function.setdefault(id(op.body.fn), []).append(node)
        covered = self._new(id_of(node), kind_of(node), name_of(node), node.definition)
        if covered is not None:
            self._denominators.add_items(node, covered)
            if covered.items:
                self._covered[node.id] = self._keep(covered)

    def _add_automation(self, automation: Any) -> None:
        kind = "sensor" if isinstance(automation, SensorDefinition) else "schedule"
        covered = self._new(
            f"{kind}:{automation.name}@{module_of(automation)}", kind, automation.name, automation
        )
        if covered is not None:
            covered.add(f"{kind}s", TICK)
            self._keep(covered)

    def _add_job(self, name: str, job: Any) -> None:
        items = self._denominators.items_of(job.partitions_def)
        covered = self._new(f"job:{name}@{module_of(job)}", "job", name, job)
        if covered is not None and items is not None:
            covered.add("partitions", *items.labels)
            self._jobs[name] = self._keep(covered), items

    def _new(self, node_id: str, kind: str, name: str, definition: object) -> CoveredNode | None:
        """Return a node without items; None if a comment leaves the definition out."""
        place = self._places.get(id(definition))
        if place is None:
            place = self._places[id(definition)] = place_of(definition)
        node = CoveredNode(node_id, kind, name, place.file, place.line)
        if place.is_excluded:
            self.coverage.excluded[node_id] = node.label
            return None
        return node

    def _keep(self, covered: CoveredNode) -> CoveredNode:
        self.coverage.merge(Coverage([covered]))
        return self.coverage.nodes[covered.id]

    def add_tick(self, automation: Any, test: str = "") -> None:
        """Add an evaluated tick of a schedule or sensor.

        Args:
            automation: The schedule or sensor.
            test: The id of the test that evaluates it.
        """
        kind = "sensor" if isinstance(automation, SensorDefinition) else "schedule"
        with self._lock:
            node = self.coverage.nodes.get(f"{kind}:{automation.name}@{module_of(automation)}")
            if node is not None:
                _count(node, test)
                node.cover(f"{kind}s", TICK)

    def add_run(self, result: ExecutionResult, test: str = "") -> None:
        """Add a finished run.

        Args:
            result: The result of the run.
            test: The id of the test that ran it.
        """
        with self._lock:
            plan, seen = result.plan, seen_steps(result)
            job = self._jobs.get(plan.job_name)
            if job is not None and seen:
                _count(job[0], test)
                for key in plan.partitions.keys:
                    _cover_partition(*job, key)
            ran: dict[str, list[Node]] = {}
            for key, one in seen.items():
                if one.is_started:
                    ran[key] = self._nodes_of(one.step, plan)
                    for node in ran[key]:
                        self._add_step(node, one, test)
            for key, nodes in ran.items():
                self._add_edges(nodes, seen[key], ran)

    def _nodes_of(self, step: Step, plan: Plan) -> list[Node]:
        """Return the nodes that a step runs: its selected assets and checks, and its op in the job.

        An op of another job counts as the node of the same function, for example in a job of a test.
        """
        found: list[Node] = []
        for output in step.outputs:
            asset, check = output.asset, output.check_spec
            key = asset.key if asset is not None else check.key if check is not None else None
            if key is not None and output.is_selected:
                found += self._same_code(self._by_key.get(key, ()), step)
        own = self._same_code(self._by_path.get(".".join(step.path), ()), step)
        of_job = [
            node
            for node in own
            if plan.job_name in node.attributes.get("job", ())
            or step.assets_def is not None
            or plan.job_name in node.attributes.get("graph", ())
        ]
        return found + (of_job or own or self._by_function.get(id(step.op.body.fn), []))

    def _same_code(self, nodes: Iterable[Node], step: Step) -> list[Node]:
        """Return the nodes with the code of a step, and not those of another definition of the same name."""
        code = _code_of(step.op.body.fn)
        return [node for node in nodes if self._code_inside(node, step) == code]

    def _code_inside(self, node: Node, step: Step) -> object:
        op = op_of(node.definition)
        if op is not None:
            return _code_of(op.body.fn)
        # the asset of a graph: the op that gives its output is a node inside
        of_path = self._by_path.get(".".join(step.path), ())
        inside = self._same_code((one for one in of_path if one.id.startswith(f"{node.id}:")), step)
        return _code_of(step.op.body.fn) if inside else None

    def _add_step(self, node: Node, seen: SeenStep, test: str) -> None:
        covered = self._covered.get(node.id)
        if covered is None:
            return
        _count(covered, test)
        covered.cover("nodes", RUN)
        outputs = outputs_of(node)
        for event in seen.outputs if outputs and _lacks(covered, "outputs", "branches") else ():
            name = event.event_specific_data.output_name
            seen.names.add(name)
            for denominator in ("outputs", "branches") if name in outputs else ():
                covered.cover(denominator, given(name))
        if seen.is_succeeded and covered.lacks("branches"):
            selected = {output.name for output in seen.step.outputs if output.is_selected}
            for name in selected - seen.names:
                covered.cover("branches", not_given(name))
        if seen.is_failed:
            covered.cover("failures", FAILS)
        if seen.retries and (seen.is_succeeded or seen.is_failed):
            covered.cover("retries", RETRY_SUCCESS if seen.is_succeeded else RETRY_FAILURE)
        self._add_details(node, covered, seen)

    def _add_details(self, node: Node, covered: CoveredNode, seen: SeenStep) -> None:
        """Mark hooks, checks, partitions and config fields. Only missed items are decoded."""
        for event in seen.hooks if covered.lacks("hooks") else ():
            name = _HOOK.search(event.message or "")
            covered.cover("hooks", name[1] if name else getattr(event.event_specific_data, "hook_name", ""))
        for event in seen.checks if covered.lacks("checks") else ():
            check = event.event_specific_data
            if check.asset_check_key == node.key:
                covered.cover("checks", PASSES if check.passed else DOES_NOT_PASS)
        partitions = self._denominators.partitions_of(node) if covered.lacks("partitions") else None
        for event in seen.assets if partitions is not None else ():
            if event.asset_key == node.key and event.partition is not None and partitions is not None:
                _cover_partition(covered, partitions, event.partition)
        field = seen.step.op.config_field
        if field is not None and covered.lacks("config"):
            for path in fields_with_value(field, seen.step.config):
                covered.cover("config", path)

    def _add_edges(self, nodes: list[Node], seen: SeenStep, ran: dict[str, list[Node]]) -> None:
        """Mark the edges into the nodes of a step and into the graphs around them, if it has all inputs."""
        readers = [
            (one, edges)
            for node in nodes
            for one in self._with_parents(node)
            if one.id in self._covered and (edges := self._missed_edges(one))
        ]
        if not readers or not seen.has_inputs:
            return
        upstream = {node.id for one in (nodes, self._upstream(seen.step, ran)) for node in one}
        stubbed = {part.asset_key for part in _sources(seen.step) if part.source_type == GIVEN}
        for reader, edges in readers:
            for parent_id, label in edges.items():
                parent = self._graph.node(parent_id)
                is_only_read = parent.key is not None and not can_run(parent.definition)
                if parent_id in upstream or (is_only_read and parent.key not in stubbed):
                    self._covered[reader.id].cover("edges", label)

    def _missed_edges(self, node: Node) -> dict[str, str]:
        items = self._covered[node.id].items.get("edges", {})
        if all(items.values()):
            return {}
        return {parent: label for parent, label in self._denominators.edges_into(node) if not items[label]}

    def _upstream(self, step: Step, ran: dict[str, list[Node]]) -> Iterator[Node]:
        """Yield the nodes from which a step read or for which it waited, and the graphs around them."""
        for source in _sources(step):
            if source.source_type == GIVEN:
                continue
            found: list[Node] = []
            if source.ref is not None:
                found += ran.get(source.ref.step_key) or _mapped(source.ref.step_key, ran)
            if source.asset_key is not None and (found or source.source_type == FROM_STORAGE):
                found += self._by_key.get(source.asset_key, ())
            for node in found:
                yield from self._with_parents(node)
        for key in step.gates:
            yield from ran.get(key, ())

    def _with_parents(self, node: Node) -> Iterator[Node]:
        yield node
        while node.parent is not None:
            node = self._graph.node(node.parent)
            yield node


def _count(node: CoveredNode, test: str) -> None:
    node.runs += 1
    if test:
        node.tests.add(test)


def _lacks(covered: CoveredNode, *denominators: str) -> bool:
    return any(covered.lacks(one) for one in denominators)


def _cover_partition(covered: CoveredNode, items: PartitionItems, key: str) -> None:
    for label in items.labels_of(key):
        covered.cover("partitions", label)


def _code_of(fn: Any) -> object:
    """Return the code of a function, which copies of a definition share; another callable itself."""
    code = code_of(unwrapped(fn)) if callable(fn) else None
    return fn if code is None else code


def _sources(step: Step) -> Iterator[Source]:
    """Yield the sources of the inputs of a step; for a list, those of its elements."""
    for item in step.inputs:
        yield from _parts(item.source)


def _parts(source: Source) -> Iterator[Source]:
    if not source.parts:
        yield source
    for part in source.parts:
        yield from _parts(part)


def _mapped(step_key: str, ran: dict[str, list[Node]]) -> list[Node]:
    """Return the nodes of the steps of a template, such as `brew[?]`."""
    base = step_key_base(step_key)
    return [node for key, nodes in ran.items() if step_key_base(key) == base for node in nodes]
