"""Assets of small texts, `build_assets("a", "b(a)")`, and the strategy that draws them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, overload

from hypothesis import strategies as st

from dagflow import AssetIn, AssetKey, AssetsDefinition, Output, PartitionsDefinition, asset
from dagflow import DagflowInvalidDefinitionError as InvalidDefinitionError
from pytest_dagflow.drawing.arguments import check_count, check_flag, check_kind
from pytest_dagflow.drawing.programs import (
    Nodes,
    NodeText,
    Source,
    build_graph,
    input_name,
    parse_node,
    value_of,
)

_ASSET = re.compile(r"(?:(optional|missing) )?(.+?)(?: after (.+))?")
_NAMES = "abcdefghijklmnopqrstuvwxyz"


class BuiltAssets(Sequence[AssetsDefinition]):
    """The assets of `build_assets`. The repr is the call that builds them. A pickle has the texts alone.

    Attributes:
        nodes: The texts of the assets.
        partitions_def: The partitions of each asset.
    """

    def __init__(self, nodes: Sequence[Any], partitions_def: PartitionsDefinition | None) -> None:
        self.nodes = tuple(nodes)
        self.partitions_def = partitions_def
        self._assets = [_asset_of(node, partitions_def) for node in nodes]

    @overload
    def __getitem__(self, index: int) -> AssetsDefinition: ...

    @overload
    def __getitem__(self, index: slice) -> list[AssetsDefinition]: ...

    def __getitem__(self, index: int | slice) -> AssetsDefinition | list[AssetsDefinition]:
        return self._assets[index]

    def __len__(self) -> int:
        return len(self._assets)

    def __repr__(self) -> str:
        parts = [*map(repr, self.nodes)]
        parts += [] if self.partitions_def is None else [f"partitions_def={self.partitions_def!r}"]
        return f"build_assets({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return BuiltAssets, (self.nodes, self.partitions_def)


def build_assets(*nodes: str | Nodes, partitions_def: PartitionsDefinition | None = None) -> BuiltAssets:
    """Build assets of texts, as an example of `asset_graphs` shows them.

    A text is as one of `build_job`: "c(a, b)" reads two assets. "c(a) after b" also depends on `b` without
    reading it. The value of "optional c" is optional, and is given; that of "missing c" is not given. A list
    is an asset of a graph: its name and inputs, then the texts of its ops.

    Args:
        *nodes: The texts.
        partitions_def: The partitions of each asset. Its value then names the partition.

    Raises:
        DagflowInvalidDefinitionError: A text is not an asset.

    Example:
        >>> from dagflow import materialize_to_memory
        >>> assets = build_assets("a", "b(a)", ["c(b)", "d(b)", "e(d)"])
        >>> materialize_to_memory(assets).asset_value("c")
        'e(d(b(a)))'
    """
    if not nodes:
        raise InvalidDefinitionError('build_assets needs at least one text, as in build_assets("a", "b(a)")')
    if partitions_def is not None:
        check_kind("partitions_def", partitions_def, PartitionsDefinition, "a partitions definition")
    return BuiltAssets(nodes, partitions_def)


def _asset_of(text: Any, partitions_def: PartitionsDefinition | None) -> AssetsDefinition:
    header, inner = (text, None) if isinstance(text, str) else (str(text[0]), text[1:])
    found = _ASSET.fullmatch(header.strip())
    if found is None:
        raise InvalidDefinitionError(f"the text {header!r} is not an asset: write 'b(a)' or 'c(b) after a'")
    how, rest, after = found.groups()
    node = parse_node(rest)
    deps = [one.strip() for one in (after or "").split(",") if one.strip()]
    if inner is None:
        return _plain_asset(node, how or "", deps, partitions_def)
    refs = [ref for source in node.sources for ref in source.refs]
    if how or deps:
        raise InvalidDefinitionError(f"the text {header!r} is a graph, which has neither '{how}' nor 'after'")
    return AssetsDefinition.from_graph(
        build_graph(node.name, inner, refs),
        keys_by_input_name={input_name(ref): AssetKey(ref) for ref in refs},
        partitions_def=partitions_def,
    )


def _plain_asset(
    node: NodeText, how: str, deps: list[str], partitions_def: PartitionsDefinition | None
) -> AssetsDefinition:
    refs = [ref for source in node.sources for ref in source.refs]

    def give(context: Any, **inputs: Any) -> Iterator[Any]:
        if how != "missing":
            name = node.name if partitions_def is None else f"{node.name}@{context.partition_key}"
            yield Output(value_of(name, inputs))

    return asset(
        name=node.name,
        ins={input_name(ref): AssetIn(AssetKey(ref)) for ref in refs},
        deps=[AssetKey(name) for name in deps],
        output_required=not how,
        partitions_def=partitions_def,
    )(give)


def asset_graphs(
    max_assets: int = 6, *, nested: bool = True, partitions_def: PartitionsDefinition | None = None
) -> st.SearchStrategy[BuiltAssets]:
    """Draw assets that depend on each other: fan-in, fan-out, dependencies without values, optional values.

    Each drawn graph can be materialized. It prints as the call of `build_assets` that builds it, and shrinks
    to one asset.

    Args:
        max_assets: The largest number of assets, from 1 to 26.
        nested: Whether some assets are made by a graph of ops.
        partitions_def: The partitions of each asset.

    Returns:
        A strategy of sequences of assets.

    Raises:
        ParameterCheckError: An argument is invalid.

    Example:
        >>> from hypothesis import find
        >>> find(asset_graphs(), lambda assets: len(assets) == 2)
        build_assets('a', 'b')
    """
    check_count("max_assets", max_assets, 1, 26)
    check_flag("nested", nested)
    if partitions_def is not None:
        check_kind("partitions_def", partitions_def, PartitionsDefinition, "a partitions definition")
    return _asset_graphs(max_assets, nested, partitions_def)


@st.composite
def _asset_graphs(
    draw: st.DrawFn, max_assets: int, nested: bool, partitions_def: PartitionsDefinition | None
) -> BuiltAssets:
    nodes: list[Any] = []
    known: list[str] = []
    while len(nodes) < max_assets and (not nodes or draw(st.integers(0, 5)) > 0):
        name = _NAMES[len(nodes)]
        reads = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        header = str(NodeText(name, tuple(Source((one,)) for one in reads)))
        if nested and draw(st.integers(0, 3)) == 3:
            inner = [str(NodeText(f"{name}1", tuple(Source((one,)) for one in reads)))]
            inner += [f"{name}2({name}1)"] if draw(st.booleans()) else []
            nodes.append([header, *inner])
        else:
            rest = [one for one in known if one not in reads]
            after = draw(st.lists(st.sampled_from(rest), max_size=2, unique=True)) if rest else []
            how = draw(st.sampled_from(["", "", "optional ", "missing "]))
            nodes.append(f"{how}{header}{' after ' + ', '.join(after) if after else ''}")
        known.append(name)
    return BuiltAssets(nodes, partitions_def)
