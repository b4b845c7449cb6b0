"""The items of each node of a graph, read from definitions: everything that runs of tests can exercise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from dagflow.analysis.attributes import graph_inside
from dagflow.analysis.coverage.config_fields import config_fields
from dagflow.analysis.coverage.data import CoveredNode, edge_label
from dagflow.analysis.coverage.partitions import PartitionItems
from dagflow.analysis.coverage.places import function_of
from dagflow.defs.assets.definition import AssetsDefinition, spec_of
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.selection.graph import Graph, Node

RUN, FAILS = "runs", "fails"
RETRY_SUCCESS, RETRY_FAILURE = "succeeds after a retry", "fails after the last retry"
PASSES, DOES_NOT_PASS = "passes", "does not pass"
TICK = "tick"
_NUMBER = re.compile(r"#\d+(?=:|$)")
"""The number of a node among those of one name, which depends on the other definitions."""


class StepFacts(NamedTuple):
    """The facts about the step of a node that depend on its job and graph.

    Attributes:
        hooks: The hooks that are called for it.
        retry_policy: Its retry policy, None without retries.
    """

    hooks: frozenset[HookDefinition]
    retry_policy: RetryPolicy | None


class NodeFacts:
    """The facts about a node that are computed once, because each run reads them.

    Attributes:
        node: The node.
        function: Its function, None if it has none.
        op: The op that it runs; None for a graph, and for what no run executes.
        can_run: Whether a run can execute it. An external asset is only read.
        outputs: The outputs of the op by name: of an asset, the one that it is.
        edges: The label of the edge from each node that it reads from, by the id of that node.
        partitions: The items of its partitions, None without partitions.
        owns_step: Whether it has the items of its step, as the first of several assets of one op.
    """

    __slots__ = ("can_run", "edges", "function", "node", "op", "outputs", "owns_step", "partitions")

    def __init__(self, node: Node) -> None:
        self.node: Node = node
        self.function: Any = function_of(node.definition)
        self.can_run: bool = can_run(node.definition)
        self.op: OpDefinition | None = op_of(node.definition) if self.can_run else None
        self.outputs: Mapping[str, OutputDefinition] = outputs_of(node, self.op)
        self.edges: dict[str, str] = {}
        self.partitions: PartitionItems | None = None
        self.owns_step: bool = True

    @property
    def id(self) -> str:
        """The id in the coverage, which does not depend on the other nodes."""
        return f"{self._id_without_number}@{module_of(self.function)}"

    @property
    def _id_without_number(self) -> str:
        node_id = self.node.id
        return _NUMBER.sub("", node_id, count=1) if "#" in node_id else node_id

    @property
    def name(self) -> str:
        """The name for readers: its key, or its job and path."""
        name = self._id_without_number
        is_prefixed = self.node.key is not None or name.startswith("op:")
        return name.partition(":")[2] if is_prefixed else name


def module_of(function: object) -> str:
    """Return the module of a function; empty for a value without module."""
    found = getattr(function, "__module__", None)
    return found if isinstance(found, str) else ""


def kind_of(node: Node) -> str:
    """Return the kind of a node: "asset", "check", "graph" or "op"."""
    if isinstance(node.key, AssetKey):
        return "asset"
    if isinstance(node.key, AssetCheckKey):
        return "check"
    return "graph" if isinstance(node.definition, GraphDefinition) else "op"


def can_run(definition: object) -> bool:
    """Return whether a run can execute a definition. An external asset is only read."""
    if isinstance(definition, AssetsDefinition):
        return not definition.is_declaration
    return isinstance(definition, OpDefinition) or (
        isinstance(definition, SourceAsset) and definition.node_def is not None
    )


def op_of(definition: object) -> OpDefinition | None:
    """Return the op that a definition runs; None for a graph."""
    if isinstance(definition, (AssetsDefinition, SourceAsset)):
        definition = definition.node_def
    return definition if isinstance(definition, OpDefinition) else None


class Denominators:
    """The items of the nodes of one graph.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._partitions: dict[Any, PartitionItems] = {}
        self._owners: dict[int, str] = {}  # the first node of each definition of assets or checks

    def facts_of(self, node: Node) -> NodeFacts:
        """Return the facts about a node."""
        facts = NodeFacts(node)
        definition: Any = node.definition
        if facts.can_run or isinstance(definition, GraphDefinition):
            for parent in dict.fromkeys(self._graph.parents(node.id)):
                upstream = self._graph.node(parent)
                facts.edges[parent] = edge_label(kind_of(upstream), upstream.names[0])
        if facts.can_run and isinstance(node.key, AssetKey):
            facts.partitions = self.items_of(spec_of(definition, node.key).partitions_def)
        if node.key is not None:
            facts.owns_step = self._owners.setdefault(id(definition), node.id) == node.id
        return facts

    def add_items(self, facts: NodeFacts, covered: CoveredNode) -> None:
        """Add the items of a node to its coverage."""
        if facts.can_run:
            if isinstance(facts.node.key, AssetCheckKey):
                covered.add("checks", PASSES, DOES_NOT_PASS)
            else:
                covered.add("nodes", RUN)
            for name, output in facts.outputs.items():
                if is_branch(output):
                    covered.add("branches", given(name), not_given(name))
                else:
                    covered.add("outputs", given(name))
            if facts.owns_step and facts.op is not None:
                self._add_step_items(facts.node, facts.op, covered)
            if facts.partitions is not None:
                covered.add("partitions", *facts.partitions.labels)
        if facts.edges:
            covered.add("edges", *facts.edges.values())

    def items_of(self, definition: Any) -> PartitionItems | None:
        """Return the items of partitions, computed once."""
        if definition is None:
            return None
        if definition not in self._partitions:
            self._partitions[definition] = PartitionItems(definition)
        return self._partitions[definition]

    def _add_step_items(self, node: Node, op: OpDefinition, covered: CoveredNode) -> None:
        if not isinstance(node.key, AssetCheckKey):
            covered.add("failures", FAILS)
        facts = self._step_facts(node, op)
        if facts.retry_policy is not None and facts.retry_policy.max_retries:
            covered.add("retries", RETRY_SUCCESS, RETRY_FAILURE)
        if facts.hooks:
            covered.add("hooks", *sorted(hook.name for hook in facts.hooks))
        fields = config_fields(op.config_field)
        if fields:
            covered.add("config", *fields)

    def _step_facts(self, node: Node, op: OpDefinition) -> StepFacts:
        """Return the hooks and the retry policy of the step of a node, as in a plan."""
        jobs = [one for one in node.part_of if isinstance(one, JobDefinition)]
        hooks = {hook for job in jobs for hook in job.hook_defs}
        policy = op.retry_policy
        for part in self._around(node, jobs):
            hooks |= part.hook_defs
            policy = getattr(part, "retry_policy", None) or op.retry_policy
        policies = [policy, *(job.op_retry_policy for job in jobs)]
        return StepFacts(frozenset(hooks), next((one for one in policies if one is not None), None))

    def _around(self, node: Node, jobs: Iterable[JobDefinition]) -> Iterator[Any]:
        """Yield the asset of a node, and the nodes of graphs from the top down to its op."""
        if isinstance(node.definition, AssetsDefinition):
            yield node.definition
        if node.key is not None or node.id.startswith("op:"):
            return
        path = node.names[0].split(".")
        top = node
        while top.parent is not None:
            top = self._graph.node(top.parent)
        if isinstance(top.definition, AssetsDefinition):  # its graph is the first name of the path
            yield top.definition
            yield from _invocations(graph_inside(top.definition), path[1:])
        else:
            graphs = (one for one in node.part_of if isinstance(one, GraphDefinition))
            root = next((job.graph for job in jobs), None) or next(graphs, None)
            yield from _invocations(root, path)


def given(output: str) -> str:
    """Return the label of an output that is given."""
    return f"{output} given"


def not_given(output: str) -> str:
    """Return the label of an output that is not given."""
    return f"{output} not given"


def is_branch(output: OutputDefinition) -> bool:
    """Return whether a step may succeed without a value of an output."""
    return output.is_dynamic or not output.is_required


def outputs_of(node: Node, op: OpDefinition | None) -> Mapping[str, OutputDefinition]:
    """Return the outputs of the op of a node by name: of an asset, the one that it is."""
    if op is None or isinstance(node.key, AssetCheckKey):
        return {}
    if isinstance(node.definition, AssetsDefinition):
        keys = node.definition.keys_by_output_name
        return {name: op.outs[name] for name, key in keys.items() if key == node.key}
    return op.outs


def _invocations(graph: Any, path: Iterable[str]) -> Iterator[Any]:
    """Yield the nodes from the top of a graph down to an op."""
    for name in path:
        if not isinstance(graph, GraphDefinition) or name not in graph.node_dict:
            return
        invocation = graph.node_dict[name]
        yield invocation
        graph = invocation.definition


def partitioned_jobs(graph: Graph) -> dict[str, JobDefinition]:
    """Return the partitioned jobs of ops by name. The partitions of other jobs are those of their assets."""
    found: dict[str, JobDefinition] = {}
    for node in graph.nodes:
        for job in node.part_of if node.key is None and node.parent is None else ():
            if isinstance(job, JobDefinition) and job.asset_layer is None and job.partitions_def is not None:
                found.setdefault(job.name, job)
    return found
