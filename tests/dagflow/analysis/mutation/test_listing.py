"""The list of the mutations of a graph."""

from __future__ import annotations

import pickle
from typing import Any

from dagflow import (
    AssetCheckResult,
    Config,
    DailyPartitionsDefinition,
    Definitions,
    In,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    asset,
    asset_check,
    define_asset_job,
    job,
    op,
)
from dagflow.testing import graph_of, mutation_kinds, mutations_of

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")


class Recipe(Config):
    cups: int = 2


@asset(partitions_def=DAYS)
def beans() -> int:
    return 3


@asset(partitions_def=DAYS, retry_policy=RetryPolicy(max_retries=2, delay=30))
def ground(beans: int) -> int:
    return beans


@asset(deps=[ground])
def coffee(config: Recipe) -> int:
    return config.cups


@asset_check(asset=ground, blocking=True)
def is_fine(ground: int) -> AssetCheckResult:
    return AssetCheckResult(passed=bool(ground))


@op(out={"good": Out(is_required=False), "bad": Out(is_required=False)})
def sort(n: int) -> Any:
    yield Output(n, "good")


@op(ins={"start": In(Nothing)})
def begin() -> None: ...


@op
def mix(one: int, two: int, name: str) -> int:
    return one - two


@op
def collect(values: Any, more: Any = None) -> Any:
    return values


@op
def echo(value: Any) -> Any:
    return value


def kinds(*definitions: Any) -> list[tuple[str, str, str]]:
    """Return the kind and both lines of each mutation."""
    return [(one.kind, one.before, one.after) for one in mutations_of(graph_of(*definitions)).found]


def test_inputs_of_one_type_are_swapped_and_returned() -> None:
    """The type check of a run would find a mutant with another type, so that there is none."""
    assert kinds(mix) == [
        ("swap-inputs", "mix(one, two, name)", "mix(two, one, name)"),
        ("return-input", "mix(one, two, name)", "return one"),
    ]


def test_a_function_that_returns_its_input_has_no_equal_mutant() -> None:
    """To return the input would change nothing."""
    assert kinds(echo) == []


def test_each_optional_output_is_dropped() -> None:
    """A required output is not: its absence is an error of each run."""
    found = [after for kind, _, after in kinds(sort) if kind == "drop-output"]

    assert found == ["output 'good' is never yielded", "output 'bad' is never yielded"]


def test_the_edges_of_a_job() -> None:
    """Edges that only order, edges whose input has a default or any type, and the elements of a list."""

    @job
    def cafe() -> None:
        begin(echo(collect([mix.alias("a")(), mix.alias("b")()], mix())))

    edges = [(before, after) for kind, before, after in kinds(cafe) if kind == "drop-edge"]

    assert edges == [
        ("collect(values=[a, b])", "collect(values=[b])"),
        ("collect(values=[a, b])", "collect(values=[a])"),
        ("collect(more=mix)", "collect(more=None)"),
        ("echo(value=collect)", "echo(value=None)"),
        ("begin waits for echo", "begin does not wait for echo"),
    ]


def test_an_asset_has_its_policies_and_partitions() -> None:
    """Retry policy, partition mapping, config default, dependency and check are mutated."""
    nightly = define_asset_job("nightly", selection="*")
    found = kinds(Definitions(assets=[beans, ground, coffee], asset_checks=[is_fine], jobs=[nightly]))

    assert found == [
        ("constant", "return 3", "return 4"),
        (
            "shift-partitions",
            "beans has the partitions of its mapping",
            "beans has the partitions before them",
        ),
        ("ignore-retry", "retry_policy=RetryPolicy(max_retries=2, delay=30)", "retry_policy=None"),
        ("default-config", "cups: from the run config", "cups: 2, the default"),
        ("drop-edge", "coffee waits for ground", "coffee does not wait for ground"),
        ("skip-check", "check ground:is_fine: passed or failed", "check ground:is_fine: passed=True"),
        ("drop-gate", "check ground:is_fine: blocking=True", "check ground:is_fine: blocking=False"),
    ]


def test_nodes_of_one_function_have_one_mutant() -> None:
    """The mutation of a body concerns every node of the function, and its tests are those of all of them."""

    @job
    def cafe() -> None:
        mix.alias("first")()
        mix.alias("second")()

    swap, _ = mutations_of(graph_of(cafe)).found

    assert swap.nodes == ("cafe:first", "cafe:second")


def test_only_the_named_nodes_are_listed() -> None:
    """Other nodes of the graph have no mutations."""
    graph = graph_of(mix, beans)

    assert {one.name for one in mutations_of(graph, ["asset:beans"]).found} == {"beans"}


def test_a_lambda_has_structural_mutations_only() -> None:
    """The definition is named, so that nobody takes the missing mutants for killed ones."""
    found = mutations_of(graph_of(op(lambda one, two: one - two, name="minus")))

    assert [one.kind for one in found.found] == ["swap-inputs", "return-input"]
    assert found.without_source == ["minus"]


def test_a_mutation_is_plain_data() -> None:
    """It can be sent to another process, and its kind is explained."""
    (first, *_) = mutations_of(graph_of(mix)).found

    assert pickle.loads(pickle.dumps(first)) == first
    assert first.place.partition(".py:")[2].isdigit()
    assert first.kind in mutation_kinds()
