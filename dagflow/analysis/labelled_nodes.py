"""The nodes of a graph and of a run under the labels that observed outputs have, for comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from dagflow.analysis.coverage.denominators import NodeFacts, kind_of, partitioned_jobs
from dagflow.analysis.coverage.places import place_of
from dagflow.defs.assets.definition import AssetsDefinition, spec_of
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.events.types import DagflowEventType
from dagflow.keys import AssetCheckKey, AssetKey, shown_job
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.plan.node_label import label_of_definition, label_of_output, label_of_step
from dagflow.runs.results import ExecutionResult
from dagflow.selection.graph import Graph, Node

_MAX_KEYS = 20


@dataclass
class LabelledNode:
    """An asset, check or op of a graph.

    Attributes:
        label: Its kind and name, as the `node` of an ObservedOutput: "asset orders", "op cafe:machine.brew".
        file: The file of its definition; empty if it is unknown, or of a library.
        line: The line of its definition, from 1; 0 if it is unknown.
        parents: The labels of the nodes from which it reads.
        partitions: Its partitions as a text; empty without partitions. Equal partitions have equal texts.
        called: The label of the outputs of its direct calls, which have no job: "op brew".
        ids: The ids of the nodes of the graph that it is.
    """

    label: str
    file: str = ""
    line: int = 0
    parents: list[str] = field(default_factory=list)
    partitions: str = ""
    called: str = ""
    ids: list[str] = field(default_factory=list)


class NodeOfStep(NamedTuple):
    """A step of a run under the labels of its nodes.

    Attributes:
        label: The label of its op; "asset a, b" for an op that makes several assets.
        outputs: The label of the asset or check that each selected output is; that of the op for others.
        mapping_key: The mapping key of a mapped step; None for another one.
        given: The outputs that it gave, each with the mapping keys of a dynamic output.
    """

    label: str
    outputs: Mapping[str, str]
    mapping_key: str | None
    given: Mapping[str, list[str]]


class NodesOfRun(NamedTuple):
    """The nodes of a run.

    Attributes:
        job: The name of the job for people: "assets" if it has no name of its own.
        partition: The partition of the run, "a...c" for a range; empty without one.
        steps: The steps that started, by their key.
    """

    job: str
    partition: str
    steps: Mapping[str, NodeOfStep]


def nodes_of_run(result: ExecutionResult) -> NodesOfRun:
    """Return the nodes of the steps that started in a run.

    Args:
        result: The result of the run.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> nodes_of_run(materialize_to_memory([water])).steps["water"].outputs
        {'result': 'asset water'}
    """
    plan = result.plan
    started: dict[str, dict[str, list[str]]] = {}
    for event in result.all_events:
        if event.step_key is not None and event.event_type == DagflowEventType.STEP_START:
            started.setdefault(event.step_key, {})
        elif event.step_key is not None and event.event_type == DagflowEventType.STEP_OUTPUT:
            data = event.event_specific_data
            keys = started.setdefault(event.step_key, {}).setdefault(data.output_name, [])
            if data.mapping_key is not None and data.mapping_key not in keys:
                keys.append(data.mapping_key)
    steps = {}
    for key, given in started.items():
        step = plan.step_by_key(key)
        outputs = {
            one.name: label_of_output(step, one, plan.job_name) for one in step.outputs if one.is_selected
        }
        label = label_of_step(step, plan.job_name)
        steps[key] = NodeOfStep(label, outputs, step.mapping_key, given)
    partition, of_range = plan.partition_key, plan.partitions.range
    if partition is None and of_range is not None:
        partition = f"{of_range.start}...{of_range.end}"
    return NodesOfRun(shown_job(plan.job_name), partition or "", steps)


def labelled_nodes(graph: Graph) -> list[LabelledNode]:
    """Return the assets, checks and ops of a graph.

    A graph of ops is not a node: its readers read from its last ops, and its first ops read what it reads.
    The asset of a graph reads from the last ops of it. Nodes of one label, such as an asset of this key in
    several test modules, are one.

    Args:
        graph: The graph.

    Example:
        >>> from dagflow import asset
        >>> from dagflow.testing import graph_of
        >>> @asset
        ... def water():
        ...     return 1
        >>> @asset
        ... def tea(water):
        ...     return water
        >>> [(node.label, node.parents) for node in labelled_nodes(graph_of(water, tea))]
        [('asset water', []), ('asset tea', ['asset water'])]
    """
    labels = {node.id: f"{kind_of(node)} {NodeFacts(node).name}" for node in graph.nodes}
    jobs = partitioned_jobs(graph)
    found: dict[str, LabelledNode] = {}
    for node in graph.nodes:
        if kind_of(node) == "graph":
            continue
        known = found.get(labels[node.id])
        if known is None:
            known = found[labels[node.id]] = _labelled(node, labels[node.id], jobs)
        known.ids.append(node.id)
        sources = dict.fromkeys([*known.parents, *(labels[source] for source in _sources(graph, node))])
        known.parents = list(sources)
    return list(found.values())


def _labelled(node: Node, label: str, jobs: dict[str, JobDefinition]) -> LabelledNode:
    place = place_of(NodeFacts(node).function)
    partitions = _partitions_of(node, jobs)
    definition = node.definition
    called = label_of_definition(definition, None) if isinstance(definition, OpDefinition) else label
    text = "" if partitions is None else _text(partitions)
    return LabelledNode(label, place.file, place.line, [], text, called)


def _sources(graph: Graph, node: Node) -> Iterator[str]:
    """Yield the ids of the nodes from which a node reads."""
    if graph.inner(node.id):
        yield from _last(graph, node.id)
        return
    outer: Node | None = node
    while outer is not None:
        parents = graph.parents(outer.id)
        for parent in parents:
            yield from [parent] if graph.node(parent).key is not None else _last(graph, parent)
        outer = graph.node(outer.parent) if outer.parent is not None and not parents else None


def _last(graph: Graph, node_id: str) -> Iterator[str]:
    """Yield the ids of the ops in a graph from which no other op of it reads; the id of an op itself."""
    inner = graph.inner(node_id)
    if not inner:
        yield node_id
    for one in inner:
        if not graph.children(one):
            yield from _last(graph, one)


def _partitions_of(node: Node, jobs: dict[str, JobDefinition]) -> PartitionsDefinition | None:
    """Return the partitions of an asset or check, or those of the job of an op."""
    definition, key = node.definition, node.key
    if isinstance(key, AssetKey) and isinstance(definition, (AssetsDefinition, SourceAsset, AssetSpec)):
        return spec_of(definition, key).partitions_def
    if isinstance(key, AssetCheckKey) and isinstance(definition, AssetsDefinition):
        specs = definition.whole.check_specs_by_output_name.values()
        return next((spec.partitions_def for spec in specs if spec.key == key), None)
    names = node.attributes.get("job", ())
    return next((job.partitions_def for name, job in jobs.items() if key is None and name in names), None)


def _text(partitions: PartitionsDefinition) -> str:
    if isinstance(partitions, MultiPartitionsDefinition):
        parts = (f"{name}: {_text(one)}" for name, one in sorted(partitions.dimensions.items()))
        return f"MultiPartitionsDefinition({', '.join(parts)})"
    if not isinstance(partitions, StaticPartitionsDefinition):
        return repr(partitions)
    keys = partitions.get_partition_keys()
    if len(keys) <= _MAX_KEYS:
        return f"StaticPartitionsDefinition({keys})"
    digest = sha256("\0".join(keys).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"StaticPartitionsDefinition({len(keys)} keys, '{keys[0]}' to '{keys[-1]}', digest {digest})"


__all__ = ["LabelledNode", "NodeOfStep", "NodesOfRun", "labelled_nodes", "nodes_of_run"]
