"""Assets that a graph of ops makes: their descriptions, source code and strategies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from producers import Raise, Spec, Verdict, source, specs, verdicts
from source_code import arguments, braced, identifier, indented, key_of, listed, policy


@dataclass(frozen=True)
class Node:
    """An op of the graph, called once. It reads inputs of the graph (keys) and earlier nodes (indexes)."""

    reads: tuple[str | int, ...] = ()
    gives: str = "value"  # or "Output", "MaterializeResult"
    verdict: Verdict | None = None  # the result of a check
    fail: Raise | None = None
    retries: int | None = None


@dataclass(frozen=True)
class GraphAsset:
    """An asset of a graph, or several. Each asset is the output of a node."""

    name: str
    keys: tuple[str, ...]
    nodes: tuple[Node, ...]
    outputs_by_key: tuple[int, ...]
    reads: tuple[str, ...] = ()
    checks: tuple[tuple[Spec, int], ...] = ()
    is_multi: bool = False
    can_subset: bool = False
    is_tuple: bool = False  # returns a tuple, not a dict
    partitions: str | None = None
    group: str | None = None

    @property
    def node(self) -> str:
        """The name of the graph."""
        return self.name if self.is_multi else identifier(self.keys[0])

    def outputs(self) -> list[tuple[str, str]]:
        """Return the graph with each of its outputs, and each of its ops."""
        names = [identifier(key) for key in self.keys] if self.is_multi else ["result"]
        ops = [
            (f"{self.node}.{self.name}_{n}", "result")
            for n, node in enumerate(self.nodes)
            if not node.verdict
        ]
        return [*((self.node, name) for name in names), *ops]


@source.register
def _(made: GraphAsset) -> Iterator[str]:
    for number, node in enumerate(made.nodes):
        yield from _op(made, node, number)
    settings = {
        "ins": braced(f"{identifier(key)!r}: dg.AssetIn({key_of(key)})" for key in made.reads),
        "check_specs": listed(spec.code() for spec, _ in made.checks),
        "partitions_def": made.partitions,
        "group_name": repr(made.group) if made.group else None,
    }
    returned = {
        identifier(key) if made.is_multi else "result": index
        for key, index in zip(made.keys, made.outputs_by_key, strict=True)
    }
    returned |= {f"{identifier(spec.asset)}_{spec.name}": index for spec, index in made.checks}
    if made.is_multi:
        outs = braced(f"{identifier(key)!r}: dg.AssetOut(key={key_of(key)})" for key in made.keys)
        settings = {"outs": outs, "can_subset": "True" if made.can_subset else None} | settings
        yield f"@dg.graph_multi_asset({arguments(settings)})"
    else:
        yield f"@dg.graph_asset({arguments({'key': key_of(made.keys[0])} | settings)})"
    yield f"def {made.name}({', '.join(map(identifier, made.reads))}):"
    for number, node in enumerate(made.nodes):
        given = ", ".join(f"v{one}" if isinstance(one, int) else identifier(one) for one in node.reads)
        yield f"    v{number} = {made.name}_{number}({given})"
    if made.is_tuple:
        yield f"    return ({''.join(f'v{index}, ' for index in returned.values())})"
    elif not made.is_multi and not made.checks:
        yield f"    return v{made.outputs_by_key[0]}"
    else:
        yield f"    return {braced(f'{name!r}: v{index}' for name, index in returned.items())}"


def _op(made: GraphAsset, node: Node, number: int) -> Iterator[str]:
    name = f"{made.name}_{number}"
    parameters = [f"x{position}" for position in range(len(node.reads))]
    yield f"@dg.op({arguments({'retry_policy': policy(node.retries)})})"
    yield f"def {name}({', '.join(['context', *parameters])}):"
    value = f"[{', '.join([repr(name), *parameters])}]"
    lines = []
    if node.fail is not None:
        lines = [f"if context.retry_number < {node.fail.attempts}:", f"    raise {node.fail.error}"]
    if node.verdict is not None:
        lines.append(f"return {node.verdict.code()}")
    else:
        given = {
            "value": value,
            "Output": f"dg.Output({value}, metadata={{'rows': 1}})",
            "MaterializeResult": f"dg.MaterializeResult(value={value}, metadata={{'rows': 1}})",
        }
        lines.append(f"return {given[node.gives]}")
    yield from [*indented(lines), ""]


# --- strategies

FEATURES = ["graph", "subset", "checks", "results", "failures", "retries", "groups", "mistakes"]


@st.composite
def graph_assets(
    draw: st.DrawFn,
    name: str,
    keys: tuple[str, ...],
    known: list[str],
    features: frozenset[str],
    partitions: str | None = None,
) -> GraphAsset:
    """Draw the assets of a graph of one to four ops, which depend on known keys."""

    def flip(feature: str) -> bool:
        return feature in features and draw(st.booleans())

    reads = tuple(draw(st.lists(st.sampled_from(known), max_size=2, unique=True))) if known else ()
    nodes: list[Node] = []
    while len(nodes) < len(keys) or (len(nodes) < 4 and draw(st.booleans())):
        choices: list[str | int] = [*reads, *range(len(nodes))]
        read = tuple(draw(st.lists(st.sampled_from(choices), max_size=2, unique=True))) if choices else ()
        fail = None
        if flip("failures") and flip("failures"):
            fail = Raise(attempts=draw(st.sampled_from([99, 1])))
        nodes.append(Node(read, fail=fail, retries=1 if flip("retries") else None))
    outputs = tuple(range(len(nodes) - len(keys), len(nodes)))
    # every input and every op is used by the first asset
    used = {one for node in nodes for one in node.reads}
    loose = [one for one in (*reads, *range(outputs[0])) if one not in used]
    first = nodes[outputs[0]]
    nodes[outputs[0]] = replace(first, reads=(*first.reads, *loose))
    for index in outputs:
        gives = (
            draw(st.sampled_from(["value", "Output", "MaterializeResult"])) if flip("results") else "value"
        )
        nodes[index] = replace(nodes[index], gives=gives)
    checks = []
    for spec in specs(draw, keys, []) if flip("checks") else ():
        of_asset = outputs[keys.index(spec.asset)]
        checks.append((spec, len(nodes)))
        nodes.append(Node((of_asset,) if draw(st.booleans()) else (), verdict=verdicts(draw, spec, features)))
    is_multi = len(keys) > 1 or flip("graph")
    made = GraphAsset(
        name, keys, tuple(nodes), outputs, reads, tuple(checks), is_multi,
        can_subset=is_multi and flip("subset"),
        is_tuple=is_multi and len(keys) > 1 and not checks and draw(st.booleans()),
        partitions=partitions,
        group="g" if flip("groups") else None,
    )  # fmt: skip
    if flip("mistakes") and flip("mistakes"):
        return replace(made, nodes=tuple(replace(node, reads=node.reads[:1]) for node in made.nodes))
    return made
