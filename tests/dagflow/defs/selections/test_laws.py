"""Laws of asset selections, on drawn graphs: strings, sets, walks."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dagflow import AssetKey, AssetSelection, AssetSpec, Definitions, asset, asset_check
from dagflow.defs.assets.asset_graph import AssetGraph

KEYS = ["a", "b", "ab", "x/a", "x/b", "y/a"]


@st.composite
def graphs(draw: st.DrawFn, *, has_external: bool = True) -> AssetGraph:
    """Build assets of all keys, each with dependencies on earlier ones."""
    assets, checks = [], []
    for number, key in enumerate(KEYS):
        earlier = draw(st.sets(st.sampled_from(KEYS[:number]))) if number else set()
        stubs = ["stub"] if has_external and draw(st.booleans()) else []
        facts: dict[str, Any] = {
            "deps": [AssetKey(path.split("/")) for path in sorted(earlier)] + stubs,
            "group_name": draw(st.sampled_from(["g", "h"])),
            "kinds": draw(st.sets(st.sampled_from(["sql", "csv"]))),
        }
        if has_external and not draw(st.integers(0, 4)):
            assets.append(AssetSpec(key.split("/"), **facts))
        else:
            assets.append(asset(key=key.split("/"), **facts)(lambda: None))
        if draw(st.booleans()):
            checks.append(asset_check(asset=key.split("/"), name="c")(lambda: None))
    return Definitions(assets, asset_checks=checks).resolve_asset_graph()


starts = st.one_of(
    st.just(AssetSelection.all()),
    st.lists(st.sampled_from(KEYS), max_size=3).map(lambda keys: AssetSelection.assets(*keys)),
    st.sampled_from(["g", "h", "i"]).map(AssetSelection.groups),
    st.sampled_from(["sql", None]).map(AssetSelection.kind),
    st.sampled_from(["key:a*", 'group:"*"', "is:external", "*b", "x/a+"]).map(AssetSelection.from_string),
)
depths = st.none() | st.integers(1, 3)


def _larger(
    parts: st.SearchStrategy[AssetSelection], *, is_additive: bool = False
) -> st.SearchStrategy[AssetSelection]:
    include_self = st.just(True) if is_additive else st.booleans()
    return st.one_of(
        st.builds(AssetSelection.__or__, parts, parts),
        st.builds(AssetSelection.__and__, parts, parts),
        parts if is_additive else st.builds(AssetSelection.__sub__, parts, parts),
        st.builds(AssetSelection.upstream, parts, depths, include_self),
        st.builds(AssetSelection.downstream, parts, depths, include_self),
        parts.map(AssetSelection.roots),
        parts.map(AssetSelection.sinks),
    )


selections = additive = starts
for _ in range(3):
    selections = starts | _larger(selections)
    additive = starts | _larger(additive, is_additive=True)


def check_string(graph: AssetGraph, selection: AssetSelection) -> None:
    """Check that the string of a selection selects the same assets and checks."""
    again = AssetSelection.from_string(selection.to_selection_str())

    assert again.resolve(graph) == selection.resolve(graph)
    assert again.resolve_checks(graph) == selection.resolve_checks(graph)
    assert AssetSelection.from_string(str(again)).resolve(graph) == again.resolve(graph)


@given(graphs(has_external=False), selections)
def test_a_string_selects_the_same(graph: AssetGraph, selection: AssetSelection):
    """Law: the string of a selection is parsed to a selection of the same assets and checks."""
    check_string(graph, selection)


@given(graphs(), additive)
def test_a_string_selects_the_same_externals(graph: AssetGraph, selection: AssetSelection):
    """Law: so it is with external assets, if nothing is subtracted: `not` means all materializable others."""
    check_string(graph, selection)


@given(graphs(), selections, selections)
def test_operators_are_set_operations(graph: AssetGraph, one: AssetSelection, two: AssetSelection):
    """Law: union, intersection and difference are those of the sets, of assets and of checks."""
    assert (one | two).resolve(graph) == one.resolve(graph) | two.resolve(graph)
    assert (one & two).resolve(graph) == one.resolve(graph) & two.resolve(graph)
    assert (one - two).resolve(graph) == one.resolve(graph) - two.resolve(graph)
    assert (one - two).resolve_checks(graph) == one.resolve_checks(graph) - two.resolve_checks(graph)
    assert (one & two).resolve_checks(graph) == one.resolve_checks(graph) & two.resolve_checks(graph)


@given(graphs(), selections, st.integers(0, 3))
def test_walks(graph: AssetGraph, selection: AssetSelection, depth: int):
    """Laws: a whole walk is idempotent, n + 1 levels are one after n, and roots have no selected ancestor."""
    up, down = selection.upstream(), selection.downstream()

    assert up.upstream().resolve(graph) == up.resolve(graph)
    assert down.downstream().resolve(graph) == down.resolve(graph)
    assert selection.downstream(depth).downstream(1).resolve(graph) == selection.downstream(
        depth + 1
    ).resolve(graph)
    roots, chosen = selection.roots().resolve(graph), selection.resolve(graph)
    assert roots == {key for key in chosen if not graph.get_ancestor_asset_keys(key) & chosen}
    assert roots or not chosen
