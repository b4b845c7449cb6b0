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
    NodeFacts,
    given,
    kind_of,
    module_of,
    not_given,
    partitioned_jobs,
)
from dagflow.analysis.coverage.partitions import PartitionItems
from dagflow.analysis.coverage.places import Place, function_of, place_of, place_of_name
from dagflow.analysis.coverage.seen import SeenStep, seen_steps
from dagflow.defs.automation.condition_sensor import DEFAULT_NAME
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
        self._denominators = Denominators(graph)
        self._places: dict[int, Place] = {}
        self._facts: dict[str, NodeFacts] = {}  # by the id of the node in the graph
        self._covered: dict[str, CoveredNode] = {}  # as well
        self._by_key: dict[object, list[NodeFacts]] = {}
        self._by_path: dict[str, list[NodeFacts]] = {}
        self._by_function: dict[int, list[NodeFacts]] = {}
        self._jobs: dict[str, tuple[CoveredNode, PartitionItems]] = {}
        self._lock = Lock()
        for node in graph.nodes:
            self._add_node(node)
        for automation in graph.automations:
            self._add_automation(automation)
        for name, job in partitioned_jobs(graph).items():
            self._add_job(name, job)

    def _add_node(self, node: Node) -> None:
        facts = self._facts[node.id] = self._denominators.facts_of(node)
        if node.key is not None:
            self._by_key.setdefault(node.key, []).append(facts)
        elif facts.op is not None:
            self._by_path.setdefault(node.names[0], []).append(facts)
            self._by_function.setdefault(id(facts.function), []).append(facts)
        covered = self._new(facts.id, kind_of(node), facts.name, facts.function)
        if covered is not None:
            self._denominators.add_items(facts, covered)
            if covered.items:
                self._covered[node.id] = self.coverage.add(covered)

    def _add_automation(self, automation: Any) -> None:
        if automation.name == DEFAULT_NAME:  # dagflow adds it, so that no test is about it
            return
        kind, function = _kind_of_automation(automation), function_of(automation)
        if function is None:
            self._places[id(automation)] = place_of_name(automation)
        node_id = f"{kind}:{automation.name}@{module_of(function)}"
        covered = self._new(node_id, kind, automation.name, automation if function is None else function)
        if covered is not None:
            covered.add(f"{kind}s", TICK)
            self.coverage.add(covered)

    def _add_job(self, name: str, job: Any) -> None:
        items, function = self._denominators.items_of(job.partitions_def), function_of(job)
        covered = self._new(f"job:{name}@{module_of(function)}", "job", name, function)
        if covered is not None and items is not None:
            covered.add("partitions", *items.labels)
            self._jobs[name] = self.coverage.add(covered), items

    def _new(self, node_id: str, kind: str, name: str, placed: Any) -> CoveredNode | None:
        """Return a node without items; None if a comment leaves the definition out.

        Args:
            node_id: The id of the node in the coverage.
            kind: Its kind.
            name: Its name.
            placed: The function of its definition, or another value whose place is known.
        """
        place = self._places.get(id(placed))
        if place is None:
            place = self._places[id(placed)] = place_of(placed)
        node = CoveredNode(node_id, kind, name, place.file, place.line)
        if place.is_excluded:
            self.coverage.excluded[node_id] = node.label
            return None
        return node

    def add_tick(self, automation: Any, test: str = "") -> None:
        """Add an evaluated tick of a schedule or sensor.

        Args:
            automation: The schedule or sensor.
            test: The id of the test that evaluates it.
        """
        kind = _kind_of_automation(automation)
        with self._lock:
            node_id = f"{kind}:{automation.name}@{module_of(function_of(automation))}"
            node = self.coverage.nodes.get(node_id)
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
            ran: dict[str, list[NodeFacts]] = {}
            for key, one in seen.items():
                if one.is_started:
                    ran[key] = self._nodes_of(one.step, plan)
                    for facts in ran[key]:
                        self._add_step(facts, one, test)
            for key, nodes in ran.items():
                self._add_edges(nodes, seen[key], ran)

    def _nodes_of(self, step: Step, plan: Plan) -> list[NodeFacts]:
        """Return the nodes that a step runs: its selected assets and checks, and its op in the job.

        An op of another job counts as the node of the same function, for example in a job of a test.
        """
        found: list[NodeFacts] = []
        for output in step.outputs:
            asset, check = output.asset, output.check_spec
            key = asset.key if asset is not None else check.key if check is not None else None
            if key is not None and output.is_selected:
                found += [one for one in self._by_key.get(key, ()) if self._has_code(one, step)]
        path = step.path[0] if len(step.path) == 1 else ".".join(step.path)
        own = [one for one in self._by_path.get(path, ()) if self._has_code(one, step)]
        if own:
            return found + ([one for one in own if _is_in_job(one.node, step, plan.job_name)] or own)
        return found or self._by_function.get(id(step.op.body.fn), found)

    def _has_code(self, facts: NodeFacts, step: Step) -> bool:
        """Return whether a node has the code of a step, and is not another definition of the same name."""
        if facts.op is not None:
            own, other = facts.op.body.fn, step.op.body.fn
            return own is other or _code_of(own) == _code_of(other)
        # the asset of a graph: the op that gives its output is a node inside
        inside, of_path = f"{facts.node.id}:", self._by_path.get(".".join(step.path), ())
        return any(one.node.id.startswith(inside) and self._has_code(one, step) for one in of_path)

    def _add_step(self, facts: NodeFacts, seen: SeenStep, test: str) -> None:
        covered = self._covered.get(facts.node.id)
        if covered is None:
            return
        _count(covered, test)
        covered.cover("nodes", RUN)
        if facts.outputs and (covered.lacks("outputs") or covered.lacks("branches")):
            self._add_outputs(facts, covered, seen)
        if seen.is_failed:
            covered.cover("failures", FAILS)
        if seen.retries and (seen.is_succeeded or seen.is_failed):
            covered.cover("retries", RETRY_SUCCESS if seen.is_succeeded else RETRY_FAILURE)
        if seen.hooks and covered.lacks("hooks"):
            _add_hooks(covered, seen)
        if seen.checks and covered.lacks("checks"):
            _add_checks(facts, covered, seen)
        if facts.partitions is not None and covered.lacks("partitions"):
            for event in seen.assets:
                if event.asset_key == facts.node.key and event.partition is not None:
                    _cover_partition(covered, facts.partitions, event.partition)
        field = seen.step.op.config_field
        if field is not None and covered.lacks("config"):
            for path in fields_with_value(field, seen.step.config):
                covered.cover("config", path)

    @staticmethod
    def _add_outputs(facts: NodeFacts, covered: CoveredNode, seen: SeenStep) -> None:
        """Mark the outputs that a step gave, and after a success those that it did not give."""
        names = {event.event_specific_data.output_name for event in seen.outputs}
        for name in facts.outputs:
            if name in names:
                covered.cover("outputs", given(name))
                covered.cover("branches", given(name))
            elif seen.is_succeeded and seen.step.output_by_name[name].is_selected:
                covered.cover("branches", not_given(name))

    def _add_edges(self, nodes: list[NodeFacts], seen: SeenStep, ran: dict[str, list[NodeFacts]]) -> None:
        """Mark the edges into the nodes of a step and into the graphs around them, if it has all inputs."""
        readers = [
            one
            for facts in nodes
            for one in self._with_parents(facts)
            if one.edges and one.node.id in self._covered and self._covered[one.node.id].lacks("edges")
        ]
        if not readers or not seen.has_inputs:
            return
        sources = [part for item in seen.step.inputs for part in _parts(item.source)]
        upstream = {facts.node.id for facts in (*nodes, *self._upstream(seen.step, sources, ran))}
        stubbed = {part.asset_key for part in sources if part.source_type == GIVEN}
        for reader in readers:
            for parent_id, label in reader.edges.items():
                parent = self._facts[parent_id]
                is_only_read = parent.node.key is not None and not parent.can_run
                if parent_id in upstream or (is_only_read and parent.node.key not in stubbed):
                    self._covered[reader.node.id].cover("edges", label)

    def _upstream(
        self, step: Step, sources: Iterable[Source], ran: dict[str, list[NodeFacts]]
    ) -> Iterator[NodeFacts]:
        """Yield the nodes from which a step read or for which it waited, and the graphs around them."""
        for source in sources:
            if source.source_type == GIVEN:
                continue
            found: list[NodeFacts] = []
            if source.ref is not None:
                found += ran.get(source.ref.step_key) or _mapped(source.ref.step_key, ran)
            if source.asset_key is not None and (found or source.source_type == FROM_STORAGE):
                found += self._by_key.get(source.asset_key, ())
            for facts in found:
                yield from self._with_parents(facts)
        for key in step.gates:
            yield from ran.get(key, ())

    def _with_parents(self, facts: NodeFacts) -> Iterator[NodeFacts]:
        yield facts
        while facts.node.parent is not None:
            facts = self._facts[facts.node.parent]
            yield facts


def _kind_of_automation(automation: object) -> str:
    return "sensor" if isinstance(automation, SensorDefinition) else "schedule"


def _is_in_job(node: Node, step: Step, job_name: str) -> bool:
    """Return whether the node of an op is part of an asset, or of the job or graph of a run."""
    attributes = node.attributes
    names = (*attributes.get("job", ()), *attributes.get("graph", ()))
    return step.assets_def is not None or job_name in names


def _add_hooks(covered: CoveredNode, seen: SeenStep) -> None:
    for event in seen.hooks:
        name = _HOOK.search(event.message or "")
        covered.cover("hooks", name[1] if name else getattr(event.event_specific_data, "hook_name", ""))


def _add_checks(facts: NodeFacts, covered: CoveredNode, seen: SeenStep) -> None:
    for event in seen.checks:
        check = event.event_specific_data
        if check.asset_check_key == facts.node.key:
            covered.cover("checks", PASSES if check.passed else DOES_NOT_PASS)


def _count(node: CoveredNode, test: str) -> None:
    node.runs += 1
    if test:
        node.tests.add(test)


def _cover_partition(covered: CoveredNode, items: PartitionItems, key: str) -> None:
    for label in items.labels_of(key):
        covered.cover("partitions", label)


def _code_of(fn: Any) -> object:
    """Return the code of a function, which copies of a definition share; another callable itself."""
    code = code_of(unwrapped(fn)) if callable(fn) else None
    return fn if code is None else code


def _parts(source: Source) -> Iterator[Source]:
    if not source.parts:
        yield source
    for part in source.parts:
        yield from _parts(part)


def _mapped(step_key: str, ran: dict[str, list[NodeFacts]]) -> list[NodeFacts]:
    """Return the nodes of the steps of a template, such as `brew[?]`."""
    base = step_key_base(step_key)
    return [node for key, nodes in ran.items() if step_key_base(key) == base for node in nodes]
