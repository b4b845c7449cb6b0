"""Tests of `observe`, and of observed assets in other runs: selections, jobs, checks, readers."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetKey,
    AssetSelection,
    AssetSpec,
    DagflowInstance,
    DataVersion,
    Definitions,
    ExecuteInProcessResult,
    FilesystemIOManager,
    InputContext,
    IOManager,
    JobDefinition,
    ObserveResult,
    OutputContext,
    SourceAsset,
    asset,
    asset_check,
    define_asset_job,
    execute_job,
    instance_for_test,
    load_assets_from_modules,
    materialize,
    multi_observable_source_asset,
    observable_source_asset,
    observe,
    reconstructable,
    with_resources,
)
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, ParameterCheckError


@observable_source_asset(io_manager_key="io", metadata={"depth": 2})
def river() -> DataVersion:
    """Look at the river."""
    return DataVersion("1")


@multi_observable_source_asset(specs=[AssetSpec("lake")])
def lakes() -> ObserveResult:
    """Look at the lake."""
    return ObserveResult()


@asset(deps=[river, "lake", "sea"])
def tea() -> None:
    """Depend on the observed assets."""


@asset_check(asset="river")
def clean() -> AssetCheckResult:
    """Check the river."""
    return AssetCheckResult(passed=True)


class Pump(IOManager):
    """Loads a value, and keeps what it was asked."""

    def __init__(self) -> None:
        self.loaded: list[Any] = []

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Store nothing."""

    def load_input(self, context: InputContext) -> int:
        """Return a number."""
        assert context.upstream_output is not None
        self.loaded.append((context.asset_key, dict(context.upstream_output.definition_metadata)))
        return 5


ALL = [river, lakes, tea, AssetSpec("sea"), clean]
IO = {"io": Pump()}


def keys(result: ExecuteInProcessResult) -> list[str]:
    """Return the steps that ran, in order."""
    return [str(event.step_key) for event in result.all_events if event.is_step_start]


def test_observe_runs_the_given_assets_and_checks() -> None:
    """The job has a name of its own; assets that are made are materialized."""
    result = observe([river, lakes, tea, clean], resources=IO, tags={"a": "b"})

    assert (result.job_def.name, result.dagflow_run.tags) == ("in_process_observation_job", {"a": "b"})
    assert keys(result) == ["lakes", "river", "river_clean", "tea"]


def test_observe_stores_the_run_in_its_instance() -> None:
    """The observations are found in the instance."""
    with DagflowInstance.ephemeral() as instance:
        observe([river], instance=instance, resources=IO)

        record = instance.fetch_observations(AssetKey("river"), 5).records[0]
        observation = record.event_log_entry.asset_observation
        assert observation is not None
        assert observation.data_version == "1"


def test_observe_refuses_what_it_cannot_observe() -> None:
    """Assets that are only read, and other objects, are errors. No assets are an empty run."""
    for one in (SourceAsset("sea"), river):
        pair = [SourceAsset("sea"), one]
        with pytest.raises(DagflowInvalidDefinitionError, match=r"'sea'.*no function that observes"):
            observe(pair)
    with pytest.raises(CheckError, match="AssetSpec"):
        observe([AssetSpec("sea")])  # type: ignore[list-item]
    with pytest.raises(ParameterCheckError, match="must be a list"):
        observe(river)  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="'x'"):
        observe([river], partition_key="x", resources=IO)
    assert observe([]).success


@pytest.mark.parametrize(
    ("selection", "ran"),
    [
        (None, ["tea"]),
        ("*", ["tea"]),
        ("+tea", ["tea"]),
        (AssetSelection.groups("default"), ["tea"]),
        ("river", ["river", "river_clean"]),
        (["lake", "river"], ["lakes", "river", "river_clean"]),
        (AssetSelection.checks_for_assets("river"), ["river_clean"]),
        ("river+", ["river", "river_clean", "tea"]),
        (AssetSelection.all() | AssetSelection.assets("river"), ["river", "river_clean", "tea"]),
    ],
)
def test_a_selection_observes_only_what_it_names(selection: Any, ran: list[str]) -> None:
    """A run and a job observe an asset only if the selection names it; checks come behind it."""
    project = Definitions(
        [river, lakes, tea, AssetSpec("sea")],
        asset_checks=[clean],
        jobs=[define_asset_job("j", selection)],
        resources=IO,
    )

    assert keys(materialize(ALL, selection=selection, resources=IO)) == ran
    assert keys(project.get_job_def("j").execute_in_process()) == ran


def test_the_job_of_all_assets_observes() -> None:
    """The implicit job runs all observations; an asset selection chooses among them."""
    project = Definitions(ALL[:-1], asset_checks=[clean], resources=IO)
    everything = project.get_implicit_global_asset_job_def()

    assert keys(everything.execute_in_process()) == ["lakes", "river", "river_clean", "tea"]
    selected = everything.execute_in_process(asset_selection=[AssetKey("river")])
    assert keys(selected) == ["river", "river_clean"]


def test_observed_assets_in_a_project() -> None:
    """A project knows how each asset is executed, and keeps the SourceAsset."""
    project = Definitions([river, lakes, AssetSpec("sea"), tea], resources=IO)
    graph = project.resolve_asset_graph()

    assert graph.observable_asset_keys == {AssetKey("river"), AssetKey("lake")}
    assert graph.executable_asset_keys == {AssetKey("river"), AssetKey("lake"), AssetKey("tea")}
    assert project.get_assets_def("river").is_observable
    assert not project.get_assets_def("sea").is_executable
    assert project.get_repository_def().source_assets_by_key[AssetKey("river")] is river


def test_a_stub_is_told_from_a_declared_asset() -> None:
    """An asset that is only named as a dependency has a definition that says so."""
    graph = Definitions([tea, AssetSpec("lake")]).resolve_asset_graph()

    assert graph.get(AssetKey("sea")).assets_def.is_auto_created_stub
    assert not graph.get(AssetKey("lake")).assets_def.is_auto_created_stub
    assert not tea.is_auto_created_stub


@pytest.mark.parametrize("selection", ["soup", ["river", "soup"]])
def test_a_reader_loads_an_observed_asset(selection: Any) -> None:
    """The value comes from the I/O manager of the source, also if the same run observes it."""
    pump = Pump()

    @asset
    def soup(river: int) -> int:
        return river + 1

    result = materialize([river, soup], selection=selection, resources={"io": pump})

    assert result.asset_value("soup") == 6
    assert pump.loaded == [(AssetKey("river"), {"depth": 2})]


def test_readers_wait_for_the_observation() -> None:
    """If the observation fails or is left out, the readers do not run."""

    @observable_source_asset
    def dry() -> DataVersion:
        raise ValueError

    @multi_observable_source_asset(specs=[AssetSpec("pond", skippable=True), AssetSpec("well")])
    def wells() -> Any:
        yield ObserveResult("well")

    @asset(deps=[dry])
    def cup() -> None: ...

    @asset(deps=["pond"])
    def pot() -> None: ...

    failed = materialize([dry, cup], selection=["dry", "cup"], raise_on_error=False)
    skipped = materialize([wells, pot], selection=["pond", "well", "pot"])

    assert keys(failed) == ["dry"]
    assert [event.step_key for event in skipped.all_events if event.is_step_skipped] == ["pot"]


def test_a_blocking_check_of_an_observed_asset() -> None:
    """A blocking check that fails after the observation stops the readers."""

    @asset_check(asset="river", blocking=True)
    def dirty() -> AssetCheckResult:
        return AssetCheckResult(passed=False)

    @asset
    def soup(river: int) -> int:
        return river

    result = materialize(
        [river, soup, dirty], selection=["river", "soup"], raise_on_error=False, resources=IO
    )

    assert keys(result) == ["river", "river_dirty"]


def test_with_resources_of_an_observable_source() -> None:
    """The copy has the resources that the function reads."""

    @observable_source_asset(required_resource_keys={"gauge"})
    def sea(context: Any) -> DataVersion:
        return DataVersion(context.resources.gauge)

    (bound,) = with_resources([sea], {"gauge": "high"})

    assert observe([bound]).get_asset_observation_events()[0].asset_observation.data_version == "high"
    with pytest.raises(DagflowInvalidDefinitionError, match="gauge"):
        with_resources([sea], {})
    with pytest.raises(DagflowInvalidDefinitionError, match="gauge"):
        observe([sea])


def test_equal_observable_sources_are_one_asset() -> None:
    """Equal SourceAssets may be given twice; another function makes another asset."""

    def looks() -> DataVersion:
        return DataVersion("1")

    def stares() -> DataVersion:
        return DataVersion("2")

    one, same, other = (SourceAsset("pond", observe_fn=fn) for fn in (looks, looks, stares))

    assert keys(observe([one, same])) == ["pond"]
    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate asset key"):
        observe([one, other])


def test_loaded_observables_have_a_prefix() -> None:
    """The loaders give observable sources the prefix of sources, and the op its name from the new key."""
    module = ModuleType("waters")
    vars(module).update(river=river, lakes=lakes, tea=tea)

    found = load_assets_from_modules([module], key_prefix="made", source_key_prefix="land", group_name="g")

    (source,) = [one for one in found if isinstance(one, SourceAsset)]
    result = observe([one for one in found if not isinstance(one, AssetSpec)], resources=IO)
    assert (source.key, source.group_name) == (AssetKey(["land", "river"]), "g")
    assert keys(result) == ["lakes", "land__river", "tea"]
    observed = [event.asset_key for event in result.get_asset_observation_events()]
    assert observed == [AssetKey(["made", "lake"]), AssetKey(["land", "river"])]


def test_a_copy_with_another_key_has_another_op() -> None:
    """The op of a copy is named by its key."""
    other = river.with_attributes(key=["land", "brook"], group_name="g")

    assert (river.op.name, other.op.name) == ("river", "land__brook")
    assert keys(observe([other], resources=IO)) == ["land__brook"]


def test_copies_and_pickles() -> None:
    """An observable source is copied and pickled like other definitions."""
    assert copy.deepcopy(river) is river
    assert copy.copy(river) == river
    assert pickle.loads(pickle.dumps(river)) is river
    assert pickle.loads(pickle.dumps(SourceAsset("sea"))) == SourceAsset("sea")


@observable_source_asset
def brook() -> DataVersion:
    """Look at the brook, in another process."""
    return DataVersion("3")


def all_observations() -> JobDefinition:
    """Return a job that observes, for other processes."""
    jobs = [define_asset_job("look", ["brook", "lake"])]
    return Definitions([brook, lakes], jobs=jobs).get_job_def("look")


def test_worker_processes_observe() -> None:
    """An executor with processes records the same observations."""
    with instance_for_test() as instance:
        config = {"execution": {"config": {"multiprocess": {}}}}
        with execute_job(reconstructable(all_observations), instance, run_config=config) as result:
            assert result.success

        record = instance.fetch_observations(AssetKey("brook"), 1).records[0]
        observation = record.event_log_entry.asset_observation
        assert observation is not None
        assert observation.data_version == "3"
        assert len(instance.fetch_observations(AssetKey("lake"), 5).records) == 1


@pytest.mark.parametrize("observes", [True, False])
def test_the_stored_value_of_an_observed_asset_is_read(tmp_path: Path, observes: bool) -> None:
    """An asset and a check read the value of an observed asset from its storage, in each kind of run."""

    @observable_source_asset
    def spring() -> DataVersion:
        return DataVersion("1")

    @multi_observable_source_asset(specs=[AssetSpec("well")])
    def wells() -> ObserveResult:
        return ObserveResult()

    @asset
    def pond(spring: int, well: int) -> int:
        return spring + well

    @asset_check(asset=spring)
    def pure(spring: int) -> AssetCheckResult:
        return AssetCheckResult(passed=spring == 3)

    for name, value in (("spring", 3), ("well", 4)):
        (tmp_path / name).write_bytes(pickle.dumps(value))
    shelf = {"io_manager": FilesystemIOManager(base_dir=str(tmp_path))}
    defs = Definitions(assets=[spring, wells, pond], asset_checks=[pure], resources=shelf)
    everything = [spring, wells, pond, pure]
    selection = AssetSelection.assets(pond) | AssetSelection.checks(pure)
    if observes:
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process()
    else:
        result = materialize(everything, selection=selection, resources=shelf)

    assert result.output_for_node("pond") == 7
    assert [one.passed for one in result.get_asset_check_evaluations()] == [True]
    assert defs.load_asset_value("spring") == 3


def test_a_missing_value_of_an_observed_asset_is_an_error(tmp_path: Path) -> None:
    """The reader of an observed asset fails if nothing has stored its value."""

    @observable_source_asset
    def spring() -> DataVersion:
        return DataVersion("1")

    @asset
    def pond(spring: int) -> int:
        return spring

    defs = Definitions(
        assets=[spring, pond], resources={"io_manager": FilesystemIOManager(base_dir=str(tmp_path))}
    )
    with pytest.raises(FileNotFoundError, match="no value of"):
        defs.resolve_implicit_global_asset_job_def().execute_in_process()
