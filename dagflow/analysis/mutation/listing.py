"""The mutations of a graph: for each function of a node once, and for each policy, check and edge."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Collection, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from dagflow._util import UNSET
from dagflow.analysis.mutation.body import body_sites, is_left_out, mutated_code, source_of
from dagflow.analysis.mutation.edges import edges_into, frame_of
from dagflow.analysis.mutation.interposed import function_type
from dagflow.analysis.mutation.mutation import (
    DEFAULT_CONFIG,
    DROP_EDGE,
    DROP_GATE,
    DROP_OUTPUT,
    IGNORE_RETRY,
    RETURN_INPUT,
    SHIFT_PARTITIONS,
    SKIP_CHECK,
    SWAP_INPUTS,
    Mutation,
    function_name,
    op_in,
)
from dagflow.config.field import Shape
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.parts.evaluation import code_of, unwrapped
from dagflow.defs.parts.function import Parameter
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.errors import repr_of
from dagflow.keys import AssetCheckKey
from dagflow.selection.graph import Graph, Node

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "")
"""The folder of dagflow."""


class Mutations(NamedTuple):
    """The mutations of a graph.

    Attributes:
        found: The mutations, in the order of the nodes.
        without_source: The names of the nodes whose functions have no mutations of their body.
    """

    found: list[Mutation]
    without_source: list[str]


def mutations_of(graph: Graph, node_ids: Collection[str] | None = None) -> Mutations:
    """List the mutations of the nodes of a graph. Nodes with one function have one mutation of its body.

    Args:
        graph: The graph.
        node_ids: The nodes; default: all.

    Example:
        >>> from dagflow import op
        >>> from dagflow.testing import graph_of, mutations_of
        >>> @op
        ... def pour(water: int, milk: int) -> int:
        ...     return water - milk
        >>> for one in mutations_of(graph_of(pour)).found:
        ...     print(one.kind, "|", one.before, "|", one.after)
        swap-inputs | pour(water, milk) | pour(milk, water)
        return-input | pour(water, milk) | return water
    """
    lister = _Lister(graph)
    for node in graph.nodes:
        if node_ids is None or node.id in node_ids:
            lister.add(node)
    return Mutations(list(lister.found.values()), sorted(lister.without_source))


class _Lister:
    """The mutations so far, by what makes them different."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found: dict[tuple[object, ...], Mutation] = {}
        self.without_source: set[str] = set()
        self.nodes_of: dict[int, list[str]] = {}
        for node in graph.nodes:
            op = op_in(node.definition)
            if op is not None:
                self.nodes_of.setdefault(id(op.body.fn), []).append(node.id)

    def add(self, node: Node) -> None:
        op = op_in(node.definition)
        if op is None or _is_of_library(op) or is_left_out(op.body.fn):
            return
        maker = _Maker(node, op, tuple(self.nodes_of[id(op.body.fn)]))
        if isinstance(node.key, AssetCheckKey):
            self._keep(maker.of_check(node.key), node.id)
        if isinstance(op.body.fn, FunctionType):
            self._keep(maker.of_calls(op.body.fn), id(op.body.fn))
        self._keep(maker.of_config(), id(op.body.fn))
        self._keep(maker.of_edges(self.graph), node.id)
        self._keep(maker.of_policies(self.graph), node.id)
        self._keep(maker.of_body(), id(op.body.fn))
        if source_of(op.body.fn) is None:
            self.without_source.add(node.names[0])

    def _keep(self, found: Iterator[Mutation], owner: object) -> None:
        for one in found:
            self.found.setdefault((owner, one.kind, one.target, one.other, one.position), one)


class _Maker:
    """The mutations of one node. Its name is in each of them."""

    def __init__(self, node: Node, op: OpDefinition, nodes_of_function: tuple[str, ...]) -> None:
        self.node = node
        self.op = op
        self.nodes = nodes_of_function
        self.function = function_name(op.body.fn)
        self.inputs: list[Parameter] = [
            one
            for one in op.body.inputs
            if one.name in op.ins and not op.ins[one.name].dagflow_type.is_nothing
        ]

    def make(self, kind: str, before: str, after: str, remedy: str, **more: Any) -> Mutation:
        """Return a mutation of this node."""
        return Mutation(
            kind,
            self.node.names[0],
            more.pop("nodes", self.nodes),
            self.op.name,
            self.function,
            more.pop("place", "") or place_of(self.op.body.fn),
            before,
            after,
            remedy,
            **more,
        )

    def of_body(self) -> Iterator[Mutation]:
        """Yield those of constants and comparisons."""
        fn = self.op.body.fn
        for site in body_sites(fn):
            if mutated_code(fn, site.position) is None:
                continue
            place = f"{unwrapped(fn).__code__.co_filename}:{site.line}"
            yield self.make(
                site.kind, site.before, site.after, site.remedy, place=place, position=site.position
            )

    def of_calls(self, fn: FunctionType) -> Iterator[Mutation]:
        """Yield those of the inputs and outputs of the function."""
        op, names = self.op, [one.name for one in self.inputs]
        call = f"{op.name}({', '.join(names)})"
        for position, first in enumerate(self.inputs):
            for second in self.inputs[position + 1 :]:
                if _fits(first.annotation, second.annotation):
                    swapped = {first.name: second.name, second.name: first.name}
                    after = f"{op.name}({', '.join(swapped.get(name, name) for name in names)})"
                    remedy = f"a test with different values of {first.name} and {second.name}"
                    yield self.make(SWAP_INPUTS, call, after, remedy, target=first.name, other=second.name)
        outs = list(op.outs.values())
        kind = function_type(fn)
        if len(outs) == 1 and kind in ("plain", "generator") and not isinstance(self.node.key, AssetCheckKey):
            (out,) = outs
            for one in self.inputs:
                is_plain = not (out.is_dynamic or out.dagflow_type.is_nothing)
                fits = _fits(one.annotation, _returned(op, kind))
                if is_plain and fits and not _returns(fn, one.name):
                    remedy = f"a test that compares the value of {self.node.names[0]}"
                    yield self.make(RETURN_INPUT, call, f"return {one.name}", remedy, target=one.name)
                    break
        if kind in ("generator", "async_generator"):
            for out in outs:
                if not out.is_required and out.name not in _check_outputs(self.node.definition):
                    before, after = f"output '{out.name}' is yielded", f"output '{out.name}' is never yielded"
                    remedy = f"a test with an input for which '{out.name}' is yielded, and that requires it"
                    key = _key_of_output(self.node.definition, out.name)
                    yield self.make(DROP_OUTPUT, before, after, remedy, target=out.name, other=key)

    def of_check(self, key: AssetCheckKey) -> Iterator[Mutation]:
        """Yield those of an asset check."""
        definition, text = self.node.definition, key.to_user_string()
        assert isinstance(definition, AssetsDefinition)
        spec = next(spec for spec in definition.check_specs if spec.key == key)
        asset = key.asset_key.to_user_string()
        if isinstance(self.op.body.fn, FunctionType):
            remedy = f"assert_check(result, '{asset}', '{key.name}', passed=False), on a bad value"
            before, after = f"check {text}: passed or failed", f"check {text}: passed=True"
            yield self.make(SKIP_CHECK, before, after, remedy, nodes=(self.node.id,), target=text)
        if spec.blocking and definition.is_of_checks:
            remedy = f"a run in which {key.name} fails, and assert_not_ran for what reads {asset}"
            before, after = f"check {text}: blocking=True", f"check {text}: blocking=False"
            yield self.make(DROP_GATE, before, after, remedy, nodes=(self.node.id,), target=text)

    def of_config(self) -> Iterator[Mutation]:
        """Yield those of the config fields with a default."""
        for name, default in default_config(self.op).items():
            shown = repr_of(default)
            remedy = f"a run whose config has another {name} than {shown}"
            before, after = f"{name}: from the run config", f"{name}: {shown}, the default"
            yield self.make(DEFAULT_CONFIG, before, after, remedy, target=name)

    def of_edges(self, graph: Graph) -> Iterator[Mutation]:
        """Yield those of the edges into the node, and of the partitions that they read."""
        shown = self.node.names[0]
        for edge in edges_into(graph, self.node, self.op):
            more: dict[str, Any] = {"nodes": (self.node.id,), "target": edge.input, "other": edge.asset}
            more["step"] = edge.step
            if edge.can_drop:
                if edge.only_orders:
                    before = f"{shown} waits for {edge.upstream}"
                    after = f"{shown} does not wait for {edge.upstream}"
                    remedy = f"assert_before(result, '{edge.upstream}', '{shown}')"
                else:
                    before = f"{shown}({edge.input}={edge.upstream})"
                    after = f"{shown}({edge.input}={edge.without})"
                    remedy = f"a run whose result depends on {edge.upstream}"
                yield self.make(DROP_EDGE, before, after, remedy, **more, position=edge.position)
            has_mapping = edge.is_partitioned and not isinstance(self.node.key, AssetCheckKey)
            if has_mapping and not edge.only_orders:
                before = f"{edge.input} has the partitions of its mapping"
                after = f"{edge.input} has the partitions before them"
                remedy = f"a run with different values in the partitions of {edge.upstream}"
                yield self.make(SHIFT_PARTITIONS, before, after, remedy, **more)

    def of_policies(self, graph: Graph) -> Iterator[Mutation]:
        """Yield that of the retry policy."""
        policy, step = _retry_policy(graph, self.node, self.op)
        if policy is None:
            return
        shown = self.node.names[0]
        remedy = f"dag_faults.fail('{shown}'), and assert_retried(result, '{shown}', times=1)"
        before, after = f"retry_policy={_shown(policy)}", "retry_policy=None"
        yield self.make(IGNORE_RETRY, before, after, remedy, nodes=(self.node.id,), step=step)


def default_config(op: OpDefinition) -> dict[str, Any]:
    """Return the defaults of the config fields of an op, by field name."""
    field = op.config_field
    if field is None or not isinstance(field.config_type, Shape):
        return {}
    fields = field.config_type.fields
    return {name: one.default for name, one in fields.items() if one.default is not UNSET}


def place_of(fn: Callable[..., Any]) -> str:
    """Return the file and line of the `def` of a function, without its decorators; empty if unknown."""
    code, node = code_of(unwrapped(fn)), source_of(fn)
    if code is None:
        return ""
    return f"{code.co_filename}:{code.co_firstlineno if node is None else node.lineno}"


def _is_of_library(op: OpDefinition) -> bool:
    """Return whether the function is one of dagflow, such as that of a check of freshness."""
    code = code_of(unwrapped(op.body.fn))
    return code is not None and code.co_filename.startswith(_PACKAGE)


def _fits(annotation: Any, other: Any) -> bool:
    return UNSET in (annotation, other) or Any in (annotation, other) or annotation == other


def _returned(op: OpDefinition, kind: str) -> Any:
    """Return the annotation of the output; UNSET for a function that yields it."""
    return op.body.return_annotation if kind == "plain" else UNSET


def _returns(fn: FunctionType, name: str) -> bool:
    """Return whether the body of a function is no more than the return of this parameter."""
    node = source_of(fn)
    last = node.body[-1] if node is not None and len(node.body) <= 2 else None
    is_alone = node is not None and all(isinstance(one, ast.Expr) for one in node.body[:-1])
    value = last.value if isinstance(last, ast.Return) else None
    return is_alone and isinstance(value, ast.Name) and value.id == name


def _check_outputs(definition: object) -> Collection[str]:
    return definition.check_specs_by_output_name if isinstance(definition, AssetsDefinition) else ()


def _key_of_output(definition: object, name: str) -> str:
    """Return the key of the asset that an output stores, because a MaterializeResult names only the key."""
    key = definition.keys_by_output_name.get(name) if isinstance(definition, AssetsDefinition) else None
    return "" if key is None else key.to_user_string()


def _shown(policy: RetryPolicy) -> str:
    delay = "" if policy.delay is None else f", delay={policy.delay:g}"
    return f"RetryPolicy(max_retries={policy.max_retries}{delay})"


def _retry_policy(graph: Graph, node: Node, op: OpDefinition) -> tuple[RetryPolicy | None, str]:
    """Return the retry policy of a node, and the name of the node in its graph."""
    frame, step = frame_of(graph, node)
    inner = None if frame is None else frame.node_dict[step]
    of_jobs = [one.op_retry_policy for one in node.part_of if isinstance(one, JobDefinition)]
    own = (inner.retry_policy if inner is not None else None) or op.retry_policy
    return own or next((one for one in of_jobs if one is not None), None), step
