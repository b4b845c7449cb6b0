"""One language: an expression means in a graph of all nodes what it means in the API of assets and of ops."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import AssetKey, AssetSelection, GraphDefinition, asset, asset_check, graph, job, op
from dagflow.errors import DagflowError, DagflowInvalidSubsetError
from dagflow.selection.parse import ASSET_ATTRIBUTES, parse_asset_selection, parse_selection
from dagflow.testing import Graph, graph_of, resolve


@asset(group_name="g1", tags={"t": "v", "flag": ""}, kinds={"python"}, owners=["team:data"])
def a() -> Any: ...


@asset(group_name="g1", tags={"t": "w"}, deps=[a])
def b() -> Any: ...


@asset(group_name="g2", kinds={"python", "sql"}, deps=[a])
def c() -> Any: ...


@asset(group_name="g3/sub", deps=[b, c])
def d() -> Any: ...


@asset(key=["x", "y"], deps=[d, a], owners=["team:data"])
def y() -> Any: ...


@asset_check(asset=a, blocking=True)
def ca() -> Any: ...


@asset_check(asset=d)
def cd() -> Any: ...


ASSETS = [a, b, c, d, y]
OF_ASSETS = graph_of(*ASSETS)
OF_ALL = graph_of(*ASSETS, ca, cd)

ASSET_TERMS = [
    "key:a", "key:x/y",
    'key:"x/*"', "key:x*", 'key:"*"', "group:g1", 'group:"g*"', "group:g3/sub", "tag:flag",
    "tag:t=v", 'tag:"t"="w"', "kind:sql", "kind:python", "kind:<null>", 'owner:"team:data"', "owner:<null>",
    "partitions:none", "is:materializable", "(*)",
]  # fmt: skip
terms = st.sampled_from(ASSET_TERMS)
levels = st.sampled_from(["", "", "+", "0+", "1+", "2+"])


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inside = parts.map("({})".format)
    down = levels.map(lambda mark: mark[-1:] + mark[:-1])
    return st.one_of(
        st.tuples(levels, terms | inside, down).map("".join),
        inside.map("not {}".format),
        st.tuples(st.sampled_from(["sinks", "roots"]), inside).map("".join),
        st.tuples(inside, st.sampled_from(["and", "or", "AND NOT"]), inside).map(" ".join),
    )


expressions = st.recursive(terms, _larger, max_leaves=6)
up = st.sampled_from(["", "*", "+", "++", "*+"])
clauses = st.tuples(up, st.sampled_from(["a", "b", "c", "d", "x/y"]), up.map(lambda mark: mark[::-1])).map(
    "".join
)


def _selected_keys(text: str) -> set[AssetKey]:
    nodes = [OF_ASSETS.node(node_id) for node_id in resolve(parse_selection(text), OF_ASSETS)]
    return {node.key for node in nodes if isinstance(node.key, AssetKey)}


@given(expressions | clauses | st.just("*"))
def test_a_text_of_assets_selects_the_assets_that_it_selects_in_a_job(text: str) -> None:
    """Law: the language of `AssetSelection.from_string` is a part of the language of all nodes.

    Checks are nodes too, so `not` and `*` select more where there are checks.
    """
    assert parse_asset_selection(text) == parse_selection(text)
    assert _selected_keys(text) == AssetSelection.from_string(text).resolve(ASSETS)


def test_a_check_is_beside_its_asset() -> None:
    """An asset with checks is a sink among assets; the checks of an asset are selected by its attributes."""
    assert resolve(parse_selection("sinks(group:g1)"), OF_ALL) == {"asset:b"}
    assert resolve(parse_selection("sinks(d+)"), OF_ALL) == {"asset:x/y", "check:d:cd"}
    assert resolve(parse_selection("roots(group:g1)"), OF_ALL) == {"asset:a"}
    assert resolve(parse_selection("sinks(check:c*)"), OF_ALL) == {"check:d:cd"}


@op
def start() -> Any: ...


@op
def step(n: Any) -> Any: ...


@op
def join(n: Any, m: Any) -> Any: ...


@graph
def inner(n: Any) -> Any:
    return step.alias("last")(step(n))


@graph
def outer(n: Any) -> Any:
    return join(inner(n), step(n))


@job
def shop() -> None:
    first = start()
    join.alias("end")(outer(first), step(first))


OF_OPS = graph_of(shop)
PATHS = [node.names[0] for node in OF_OPS.nodes]


def _paths(of: GraphDefinition, prefix: str = "") -> set[str]:
    """Return the paths of all ops of a graph."""
    found: set[str] = set()
    for name, node in of.node_dict.items():
        inside = node.definition
        is_graph = isinstance(inside, GraphDefinition)
        found |= _paths(inside, f"{prefix}{name}.") if is_graph else {prefix + name}
    return found


tops = st.sampled_from([path for path in PATHS if "." not in path])
op_clauses = st.one_of(
    st.tuples(up, tops, up.map(lambda mark: mark[::-1])).map("".join), st.sampled_from(PATHS), st.just("*")
)
"""Clauses of `op_selection`, which has walks on the top level only."""


@given(st.lists(op_clauses, min_size=1, max_size=3))
def test_clauses_select_the_ops_that_they_select_in_op_selection(texts: list[str]) -> None:
    """Law: clauses with commas between them select the ops of `op_selection`."""
    selected = resolve(parse_selection(", ".join(texts)), OF_OPS)

    try:
        part = shop.get_subset(op_selection=texts)
    except DagflowInvalidSubsetError as error:
        assert "cuts graph 'outer' off" in str(error)  # noqa: PT017
        return
    ops = {node.names[0] for node in OF_OPS.nodes if node.id in selected and "op" in node.attributes}
    assert ops == _paths(part.graph)


everything = expressions | clauses | st.sampled_from(["check:ca", "op:b", 'check:"d:cd"', "key:?", "kind:s*"])


def _ids(text: str, graph: Graph = OF_ALL) -> frozenset[str]:
    return resolve(parse_selection(text), graph)


@given(everything, everything, everything)
def test_laws_of_sets(p: str, q: str, r: str) -> None:
    """Laws: commutativity, distributivity, absorption, De Morgan, and the comma as `or`."""
    assert _ids(f"({p}), ({q})") == _ids(f"({q}) or ({p})") == _ids(f"({p})") | _ids(f"({q})")
    assert _ids(f"({p}) and ({q})") == _ids(f"({q}) and ({p})")
    assert _ids(f"({p}) and (({q}), ({r}))") == _ids(f"({p}) and ({q}) or ({p}) and ({r})")
    assert _ids(f"({p}) or ({p}) and ({q})") == _ids(f"({p})")
    assert _ids(f"not (({p}), ({q}))") == _ids(f"not ({p}) and not ({q})")


@given(everything, everything)
def test_laws_of_walks(p: str, q: str) -> None:
    """Laws: a walk contains its start, grows with it, and one of all levels has nothing to add."""
    assert _ids(f"({p})") <= _ids(f"({p})+1") <= _ids(f"({p})+") == _ids(f"(({p})+)+") == _ids(f"({p})*")
    assert _ids(f"+(({p}), ({q}))") == _ids(f"+({p}), +({q})")
    assert _ids(f"sinks({p})") | _ids(f"roots({p})") <= _ids(f"({p})")


@pytest.mark.parametrize("attribute", ASSET_ATTRIBUTES)
@pytest.mark.parametrize("value", ["x", '"a ""b"" *"', "ünïcode", '"日本"', "a.b", "1"])
def test_a_value_that_both_accept_is_one_value(attribute: str, value: str) -> None:
    """A value, in quotes or not, is refused or read as the same value."""
    try:
        found = parse_asset_selection(f"{attribute}:{value}")
        assert parse_selection(f"{attribute}:{value}") == found
    except DagflowInvalidSubsetError as error:
        assert "expected one of" in str(error)  # noqa: PT017
    except DagflowError as error:
        assert "expected" in str(error)  # noqa: PT017
