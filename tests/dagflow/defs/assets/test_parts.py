"""The selected part of a definition: an op gives some outputs, of a graph only the needed ops run."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSelection,
    Definitions,
    FilesystemIOManager,
    GraphOut,
    Out,
    Output,
    asset,
    define_asset_job,
    graph,
    graph_multi_asset,
    materialize,
    multi_asset,
    op,
)
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, DagflowInvalidSubsetError

A, B = AssetKey("a"), AssetKey("b")
calls: list[tuple[str, list[str]]] = []


@op
def boil(context: Any) -> int:
    calls.append(("boil", sorted(context.selected_output_names)))
    return 100


@op
def cool(context: Any, degrees: Any) -> Any:
    calls.append(("cool", sorted(context.selected_output_names)))
    return degrees - 20


@op(out={name: Out(is_required=False) for name in ("hot", "iced", "rest")})
def pour(context: Any, degrees: Any) -> Any:
    calls.append(("pour", sorted(context.selected_output_names)))
    for name in sorted(context.selected_output_names):
        yield Output(degrees + len(name), name)


@op
def is_cool(degrees: Any) -> AssetCheckResult:
    return AssetCheckResult(passed=degrees < 90)


@graph(out={"first": GraphOut(), "second": GraphOut()})
def twice(degrees: Any) -> Any:
    first = cool(degrees)
    return {"first": first, "second": cool(first)}


def _outs(*names: str) -> dict[str, AssetOut]:
    return {name: AssetOut(is_required=False) for name in names}


@graph_multi_asset(outs=_outs("water", "hot", "iced", "dregs"), can_subset=True)
def bar() -> Any:
    water = cool(boil())
    hot, iced, rest = pour(water)
    return {"water": water, "hot": hot, "iced": iced, "dregs": cool(rest)}


@graph_multi_asset(
    outs=_outs("first", "second", "third"),
    can_subset=True,
    check_specs=[AssetCheckSpec("cool", asset="second")],
)
def nested() -> Any:
    first, second = twice(boil())
    return {"first": first, "second": second, "third": cool(second), "second_cool": is_cool(second)}


@multi_asset(
    outs=_outs("a", "b"),
    ins={"x": AssetIn(), "y": AssetIn()},
    internal_asset_deps={"a": {AssetKey("x")}, "b": {AssetKey("y"), A}},
    can_subset=True,
    check_specs=[AssetCheckSpec("ok", asset="a")],
)
def both(context: Any, x: int, y: int) -> Any:
    for name in sorted(context.selected_output_names):
        yield AssetCheckResult(passed=True) if name == "a_ok" else Output(x + y, name)


@asset
def x() -> int:
    return 1


@asset
def y(late: int) -> int:
    return late


@asset
def late() -> int:
    return 2


def _selected(definition: AssetsDefinition, selection: Any, tmp_path: Any) -> list[str]:
    """Return the steps of a run of everything, and then of a run of a selection; `calls` has the latter."""
    resources = {"io_manager": FilesystemIOManager(base_dir=str(tmp_path))}
    materialize([definition], resources=resources)
    calls.clear()
    result = materialize([definition], selection=selection, resources=resources)
    return [event.step_key for event in result.filter_events(lambda event: event.is_step_start)]


@pytest.mark.parametrize(
    ("selection", "steps", "selected"),
    [
        (["water"], ["bar.boil", "bar.cool"], [("boil", ["result"]), ("cool", ["result"])]),
        (["hot"], ["bar.pour"], [("pour", ["hot"])]),
        (["dregs"], ["bar.pour", "bar.cool_2"], [("pour", ["rest"]), ("cool", ["result"])]),
        (["hot", "dregs"], ["bar.pour", "bar.cool_2"], [("pour", ["hot", "rest"]), ("cool", ["result"])]),
    ],
    ids=["first", "one output", "an end", "two"],
)
def test_only_the_needed_ops_of_a_graph_run(
    tmp_path: Any, selection: list[str], steps: list[str], selected: list[Any]
) -> None:
    """An asset that is not selected is loaded, and each op sees the outputs that it shall give."""
    assert _selected(bar, selection, tmp_path) == steps
    assert calls == selected


@pytest.mark.parametrize(
    ("selection", "steps"),
    [
        (["first"], ["nested.boil", "nested.twice.cool"]),
        (["second"], ["nested.twice.cool_2", "nested.is_cool"]),
        (AssetSelection.assets("second").without_checks(), ["nested.twice.cool_2"]),
        (["third"], ["nested.cool"]),
        (["first", "third"], ["nested.boil", "nested.cool", "nested.twice.cool"]),
        (AssetSelection.checks_for_assets("second"), ["nested.is_cool"]),
    ],
    ids=["first", "second", "without checks", "third", "first and third", "check"],
)
def test_graphs_inside_are_divided(tmp_path: Any, selection: Any, steps: list[str]) -> None:
    """Assets of a graph inside, and checks, are selected and loaded as others."""
    assert _selected(nested, selection, tmp_path) == steps


def test_an_element_of_a_list_is_made_again(tmp_path: Any) -> None:
    """An op that gets a list runs the ops of its elements again, because a list is loaded as a whole."""

    @op
    def total(parts: list[int]) -> int:
        return sum(parts)

    @graph_multi_asset(outs=_outs("water", "sum"), can_subset=True)
    def listed() -> Any:
        water = boil()
        return {"water": water, "sum": total([water, boil()])}

    assert _selected(listed, ["sum"], tmp_path) == ["listed.boil", "listed.boil_2", "listed.total"]


def test_a_part_of_a_graph() -> None:
    """The part has the needed nodes and inputs; facts about all assets stay."""

    @graph_multi_asset(outs=_outs("a", "b"), can_subset=True)
    def fed(x: Any, y: Any) -> Any:
        return {"a": cool(x), "b": cool.alias("other")(y)}

    part = fed.subset_for({A, AssetKey("unknown")})

    assert (part.keys, part.is_subset, part.whole) == ({A}, True, fed)
    assert part.node_def.name == "fed"
    assert [node.name for node in part.node_def.nodes] == ["cool"]  # type: ignore[attr-defined]
    assert part.keys_by_input_name == {"x": AssetKey("x")}
    assert part.asset_deps == fed.asset_deps
    assert not fed.is_subset


def test_a_part_of_an_op() -> None:
    """The part has the outputs, checks and inputs of the selected assets, and the same op."""
    part = both.subset_for({A})
    rest = both.subset_for({A, B}, set())

    assert (part.keys, part.node_def) == ({A}, both.node_def)
    assert part.keys_by_output_name == {"a": A}
    assert part.keys_by_input_name == {"x": AssetKey("x")}
    assert {key.name for key in part.check_keys} == {"ok"}
    assert (rest.keys, rest.check_keys) == ({A, B}, set())
    assert part.subset_for({B}).keys == set()
    assert part.asset_deps == both.asset_deps
    assert part.unique_id != both.unique_id


@pytest.mark.parametrize(
    "definition", [both, nested, both.subset_for({A}), bar.subset_for({AssetKey("hot")})]
)
def test_the_arguments_of_a_definition(definition: AssetsDefinition) -> None:
    """A definition can be made again from its arguments, also a part of one."""
    again = AssetsDefinition(**definition.get_attributes_dict())

    assert (again.keys, again.check_keys) == (definition.keys, definition.check_keys)
    assert again.keys_by_input_name == definition.keys_by_input_name
    assert again.specs == definition.specs
    assert again.is_subset == definition.is_subset


def test_a_part_waits_for_all_values_that_its_function_reads() -> None:
    """The function gets each parameter, so its step waits for an asset that only another output needs."""
    result = materialize([both, y, late, x], selection=["a", "x", "y", "late"])

    assert result.asset_value("a") == 3


@multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
def whole() -> Any:
    return 1, 2


def test_what_cannot_be_divided() -> None:
    """`subset_for` refuses a definition without can_subset."""
    with pytest.raises(CheckError, match="cannot be divided"):
        whole.subset_for({A})


def test_a_run_of_a_part_that_cannot_be() -> None:
    """A run raises DagflowInvalidSubsetError; a job or `materialize` has it as the cause."""
    project = Definitions(assets=[whole], jobs=[define_asset_job("all")])
    message = r"<asset 'a', 'b'> cannot be divided, but only \['a'\].*required_multi_asset_neighbors"
    for job in (project.get_implicit_global_asset_job_def(), project.get_job_def("all")):
        with pytest.raises(DagflowInvalidSubsetError, match=message):
            job.execute_in_process(asset_selection=[A])
    part = Definitions(assets=[whole], jobs=[define_asset_job("part", selection=["a"])])
    for resolve in (
        lambda: materialize([whole], selection=["a"]),
        lambda: part.get_job_def("part"),
        lambda: Definitions.validate_loadable(part),
    ):
        with pytest.raises(DagflowInvalidDefinitionError, match=message) as caught:
            resolve()
        assert isinstance(caught.value.__cause__, DagflowInvalidSubsetError)
