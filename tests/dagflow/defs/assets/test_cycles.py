"""Cycles: definitions that can be divided are divided, other cycles are refused with their places."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Definitions,
    GraphOut,
    MaterializeResult,
    asset,
    graph,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
)
from dagflow.errors import CircularDependencyError


def _divisible(*specs: AssetSpec, name: str = "outer", **more: Any) -> AssetsDefinition:
    @multi_asset(specs=specs, can_subset=True, name=name, **more)
    def outer(context: Any) -> Any:
        for key in sorted(context.selected_asset_keys):
            yield MaterializeResult(key)

    return outer


@asset(deps=["first"])
def middle() -> None:
    """Stand between two assets of one definition."""


def _starts(result: Any) -> list[str]:
    return [event.step_key for event in result.filter_events(lambda event: event.is_step_start)]


def test_a_definition_is_divided() -> None:
    """Its op runs once for each part, and the second step has a number."""
    outer = _divisible(AssetSpec("first"), AssetSpec("second", deps=["middle"]))
    result = materialize([outer, middle])

    assert _starts(result) == ["outer", "middle", "outer_2"]
    made = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    assert made == ["first", "middle", "second"]


def test_a_graph_is_divided() -> None:
    """Each part of a graph has its own ops."""

    @op
    def boil() -> int:
        return 1

    @op
    def cool(middle: int) -> int:
        return middle

    @graph(out={"first": GraphOut(), "second": GraphOut()})
    def outer(middle: Any) -> Any:
        return {"first": boil(), "second": cool(middle)}

    @asset
    def middle(first: int) -> int:
        return first

    definition = AssetsDefinition.from_graph(
        outer, can_subset=True, internal_asset_deps={"first": set(), "second": {AssetKey("middle")}}
    )

    assert _starts(materialize_to_memory([definition, middle])) == ["outer.boil", "middle", "outer_2.cool"]


def test_two_definitions_are_divided_with_a_check() -> None:
    """A check runs in the part that comes after all assets which it depends on."""
    odd = _divisible(AssetSpec("a"), AssetSpec("c", deps=["b"]), name="odd")
    even = _divisible(
        AssetSpec("b", deps=["a"]),
        AssetSpec("d", deps=["c"]),
        name="even",
        check_specs=[AssetCheckSpec("ok", asset="b", additional_deps=["c"])],
    )
    job = Definitions(assets=[odd, even]).get_implicit_global_asset_job_def()
    layer = job.asset_layer

    assert layer is not None
    assert sorted(job.graph.node_dict) == ["even", "even_2", "odd", "odd_2"]
    assert [op.name for op in job.graph.iterate_op_defs()].count("even") == 2
    assert [path for path, _ in layer.check_keys.values()] == [("even_2",)]


def test_a_part_of_one_asset_leaves_out_other_values() -> None:
    """A selected asset does not wait for the parameter of another asset of its definition."""
    outer = _divisible(AssetSpec("first"), AssetSpec("second", deps=["middle"]))

    assert _starts(materialize([outer, middle], selection=["first", "middle"])) == ["outer", "middle"]


def test_a_cycle_of_assets() -> None:
    """The message names each asset with its place."""
    a = asset(name="a", deps=["b"])(lambda: 1)
    b = asset(name="b", deps=["a"])(lambda: 1)
    match = r"in a cycle: 'a' \(.*test_cycles.py:\d+\) -> 'b' \(.*test_cycles.py:\d+\) -> 'a' "

    with pytest.raises(CircularDependencyError, match=match):
        materialize([a, b])
    with pytest.raises(ValueError, match=match):
        Definitions.validate_loadable(Definitions(assets=[a, b]))


def test_a_definition_that_stays_whole() -> None:
    """If one with several assets cannot be divided, the message names the definitions and the remedy."""
    specs = [AssetSpec("first"), AssetSpec("second", deps=["middle"])]
    outer = multi_asset(specs=specs, name="outer")(lambda: None)
    match = r"<asset 'first', 'second'> \(.*test_cycles.py:\d+\) -> <asset 'middle'> .*can_subset=True"

    with pytest.raises(CircularDependencyError, match=match):
        materialize([outer, middle])


def test_assets_of_one_function_that_depend_on_each_other():
    """No order of its results would do, so the run is refused before it starts."""

    @multi_asset(specs=[AssetSpec("x", deps=["y"]), AssetSpec("y", deps=["x"])])
    def both():
        raise AssertionError("it never runs")

    with pytest.raises(CircularDependencyError, match=r"'x' .* -> 'y' .* -> 'x'"):
        materialize_to_memory([both])
