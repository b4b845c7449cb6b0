"""Runs of selected assets and checks: by `selection`, by asset jobs, and by `asset_selection` of a job."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    Definitions,
    InMemoryIOManager,
    JobDefinition,
    MaterializeResult,
    asset,
    asset_check,
    define_asset_job,
    materialize_to_memory,
    multi_asset,
)
from dagflow import AssetSelection as Selection


@asset(deps=["src"])
def a() -> int:
    return 1


@asset
def b(a: int) -> int:
    return a + 1


@multi_asset(specs=[AssetSpec("m1", deps=[a]), AssetSpec("m2")])
def m(): ...


@multi_asset(specs=[AssetSpec("s1", skippable=True), AssetSpec("s2", skippable=True)], can_subset=True)
def s(context: Any) -> Any:
    for key in sorted(context.selected_asset_keys):
        yield MaterializeResult(asset_key=key)


@asset(check_specs=[AssetCheckSpec("ok", asset="w")])
def w() -> Any:
    return MaterializeResult(check_results=[AssetCheckResult(passed=True)])


@asset_check(asset=a)
def ca() -> AssetCheckResult:
    return AssetCheckResult(passed=True)


@asset_check(asset="src")
def of_source() -> AssetCheckResult:
    return AssetCheckResult(passed=True)


PROJECT: list[Any] = [a, b, m, s, w, ca, of_source, AssetSpec("src")]
EVERYTHING = "a a_ca b m s w"


def ran(result: Any) -> list[str]:
    return sorted(event.step_key for event in result.get_step_success_events())


def in_memory(selection: Any) -> Any:
    resources = {"io_manager": InMemoryIOManager()}
    return materialize_to_memory(PROJECT, selection=selection, resources=resources)


def job_of(selection: Any) -> JobDefinition:
    job = define_asset_job("chosen", selection)
    return Definitions(PROJECT, jobs=[job], resources={"io_manager": InMemoryIOManager()}).get_job_def(
        "chosen"
    )


@pytest.mark.parametrize(
    ("selection", "steps"),
    [
        (None, EVERYTHING),
        ("*", EVERYTHING),
        ("a", "a a_ca"),
        ([a], "a a_ca"),
        ([AssetKey("a")], "a a_ca"),
        (Selection.assets("a"), "a a_ca"),
        (Selection.assets("a").without_checks(), "a"),
        (Selection.checks(ca), "a_ca"),
        (Selection.checks_for_assets(a), "a_ca"),
        (Selection.checks(of_source), "src_of_source"),
        (Selection.all() - Selection.checks(ca), "a b m s w"),
        (["+b", "w"], "a a_ca b w"),
        (Selection.assets("m1").required_multi_asset_neighbors(), "m"),
        ("s2", "s"),
        ("w", "w"),
        ("key:nope", ""),
    ],
)
def test_what_a_selection_runs(selection: Any, steps: str):
    """A run and a job of a selection have the steps of its assets and checks."""
    assert ran(in_memory(selection)) == steps.split()
    assert ran(job_of(selection).execute_in_process()) == steps.split()


def test_a_part_of_a_definition():
    """Only the selected assets of a divisible definition are made."""
    (event,) = in_memory("s2").get_asset_materialization_events()

    assert event.asset_key == AssetKey("s2")


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("nope", "asset 'nope' was selected"),
        ("m1", "cannot be divided"),
        (Selection.assets("w").without_checks(), "cannot be divided"),
        (Selection.checks_for_assets("w"), "cannot be divided"),
        (Selection.checks(AssetCheckKey(AssetKey("a"), "no")), "'a:no'"),
    ],
)
def test_selections_that_do_not_fit(selection: Any, message: str):
    """The cause of the error is the error of the selection."""
    for run in (in_memory, job_of):
        with pytest.raises(DagflowInvalidDefinitionError, match=f"Failed to resolve.*{message}") as raised:
            run(selection)
        assert isinstance(raised.value.__cause__, DagflowInvalidSubsetError)


def test_an_attribute_that_no_asset_has():
    """The cause is a NotImplementedError."""
    with pytest.raises(DagflowInvalidDefinitionError, match="no definition has the attribute") as raised:
        in_memory("status:healthy")
    assert isinstance(raised.value.__cause__, NotImplementedError)


def test_the_job_of_a_project_runs_every_check():
    """A check of an external asset runs there too."""
    job = Definitions(PROJECT).get_implicit_global_asset_job_def()

    assert ran(job.execute_in_process()) == [*EVERYTHING.split()[:5], "src_of_source", "w"]


def test_assets_of_a_run_of_a_job():
    """`asset_selection` may name assets outside the selection of the job; an empty list means all."""
    job = job_of("+b")

    assert ran(job.execute_in_process(asset_selection=[AssetKey("a")])) == ["a", "a_ca"]
    assert ran(job.execute_in_process(asset_selection=[AssetKey("s1")])) == ["s"]
    assert ran(job.execute_in_process(asset_selection=[])) == ["a", "a_ca", "b"]
    with pytest.raises(DagflowInvalidSubsetError, match="has no asset 'nope'"):
        job.execute_in_process(asset_selection=[AssetKey("nope")])
    with pytest.raises(DagflowInvalidSubsetError, match="cannot be divided"):
        job.execute_in_process(asset_selection=[AssetKey("m1")])
    with pytest.raises(DagflowInvalidDefinitionError, match="nothing computes"):
        job.execute_in_process(asset_selection=[AssetKey("src")])


def test_a_part_of_a_job():
    """`get_subset` keeps the checks of the assets, unless the checks are chosen."""
    job = job_of("+b")
    with_checks = job.get_subset(asset_selection={AssetKey("a")})
    without = job.get_subset(asset_selection={AssetKey("a")}, asset_check_selection=set())
    only_check = job.get_subset(asset_check_selection={ca.check_key})

    assert sorted(with_checks.graph.node_names()) == ["a", "a_ca"]
    assert (with_checks.asset_selection, with_checks.asset_check_selection) == ({AssetKey("a")}, None)
    assert (with_checks.is_subset, with_checks.name) == (True, "chosen")
    assert (job.is_subset, job.asset_selection, job.asset_check_selection) == (False, None, None)
    assert (without.graph.node_names(), without.asset_check_selection) == (["a"], set())
    assert only_check.graph.node_names() == ["a_ca"]
    with pytest.raises(CheckError, match="asset_check_selection"):
        job.get_subset(asset_check_selection={"a:ca"})  # type: ignore[arg-type]


def test_a_run_without_a_selection_imports_no_selection():
    """Runs and projects without a selection load neither the graph of the assets nor the parser."""
    program = (
        "import sys; from dagflow import asset, materialize_to_memory, Definitions, define_asset_job\n"
        "water = asset(name='water')(lambda: 1); materialize_to_memory([water])\n"
        "Definitions([water], jobs=[define_asset_job('boil')]).get_job_def('boil').execute_in_process()\n"
        "unused = 'dagflow.selection', 'dagflow.defs.selections.def', 'dagflow.defs.assets.asset_graph'\n"
        "print(*[name for name in sys.modules if name.startswith(unused)])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
