"""Tests of random observed assets: the reference and dagflow record the same observations."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import profiles
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

examples = profiles.examples(
    15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
KEYS = ("a", "b", "c", "x/d")
PARTS = ("p", "q")
RUNS = ("materialize", "observe", "job", "implicit")
EVENTS = {
    *(
        "STEP_START",
        "STEP_OUTPUT",
        "STEP_SUCCESS",
        "STEP_FAILURE",
        "STEP_SKIPPED",
        "STEP_INPUT",
        "LOADED_INPUT",
    ),
    *("ASSET_OBSERVATION", "ASSET_MATERIALIZATION", "HANDLED_OUTPUT", "ASSET_CHECK_EVALUATION"),
}
RESULTS = ("version", "partitions", "result", "metadata", "foreign", "None", "raise")
ITEMS = ("result", "version", "output", "materialize", "foreign", "nothing", "twice", "raise", "event")


class Observable(NamedTuple):
    """The description of an asset.

    `sort` is "source", "multi" (two assets: `key` and `key`2), "spec" or "asset". `gives` is the result of
    the function, or the results of a function of two assets.
    """

    key: str
    sort: str
    deps: tuple[str, ...]
    gives: tuple[str, ...]
    is_partitioned: bool
    is_optional: bool
    has_check: bool


class Case(NamedTuple):
    """The assets, the way in which they run and the selection."""

    assets: list[Observable]
    run: str
    selection: Any
    partition_key: str | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw assets and a run of them. No check and no run of `observe` has an asset that is only read."""
    assets: list[Observable] = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1)):
        sort = draw(st.sampled_from(["source", "source", "multi", "multi", "spec", "asset"]))
        known = [asset.key for asset in assets]
        deps = draw(st.lists(st.sampled_from(known), unique=True, max_size=2)) if known else []
        own_deps = tuple(deps) if sort in ("multi", "asset") else ()
        count, kinds = (2, ITEMS) if sort == "multi" else (1, RESULTS)
        usual = st.sampled_from([kinds[0], kinds[0], *kinds])
        assets.append(
            Observable(
                key,
                sort,
                own_deps,
                tuple(draw(usual) for _ in range(count)),
                draw(st.booleans()) and not own_deps,
                draw(st.booleans()),
                draw(st.booleans()),
            )
        )
    own = [asset.key for asset in assets]
    texts = st.sampled_from(["*", *own, *(f"{key}+" for key in own), *(f"+{key}" for key in own)])
    selection = draw(st.none() | texts | st.lists(st.sampled_from(own), unique=True, min_size=1))
    is_readable = any(asset.sort == "spec" for asset in assets)
    how = draw(st.sampled_from(["materialize", "job", "implicit"] if is_readable else RUNS))
    return Case(assets, how, selection, draw(st.none() | st.sampled_from(PARTS)))


def result_of(lib: ModuleType, asset: Observable) -> Any:
    """Return the value that the function of a single asset returns."""
    kind = asset.gives[0]
    if kind == "raise":
        raise ValueError(asset.key)
    return {
        "version": lambda: lib.DataVersion("7"),
        "partitions": lambda: lib.DataVersionsByPartition({"p": "1", "q": "2"}),
        "result": lambda: lib.ObserveResult(data_version=lib.DataVersion("8"), tags={"t": "u"}),
        "metadata": lambda: lib.ObserveResult(metadata={"m": 1}),
        "foreign": lambda: lib.ObserveResult("z"),
        "None": lambda: None,
    }[kind]()


def items_of(lib: ModuleType, asset: Observable) -> Iterator[Any]:
    """Yield the results of a function of two assets."""
    for kind, key in zip(asset.gives, pair_of(asset.key), strict=True):
        parts = key.split("/")
        if kind == "raise":
            raise ValueError(key)
        if kind == "nothing":
            continue
        if kind == "event":
            yield lib.AssetObservation(parts, metadata={"m": 1})
        if kind == "output":
            yield lib.Output(None, "__".join(parts))
        elif kind == "materialize":
            yield lib.MaterializeResult(parts, data_version=lib.DataVersion("9"))
        elif kind == "version":
            yield lib.ObserveResult(parts, data_version=lib.DataVersion("7"))
        else:
            given = lib.ObserveResult(
                ["z"] if kind == "foreign" else parts, metadata={"m": 1}, tags={"t": "u"}
            )
            yield from [given] * (2 if kind == "twice" else 1)


def pair_of(key: str) -> tuple[str, str]:
    """Return the keys of the two assets of one function."""
    return key, f"{key}2"


def definitions(lib: ModuleType, case: Case) -> list[Any]:
    """Build the assets and checks of a case with one library."""
    found: list[Any] = []
    for asset in case.assets:
        key = asset.key.split("/")
        parts = lib.StaticPartitionsDefinition(list(PARTS)) if asset.is_partitioned else None
        deps = [dep.split("/") for dep in asset.deps]
        if asset.sort == "spec":
            found.append(lib.AssetSpec(key, partitions_def=parts))
        elif asset.sort == "source":
            found.append(lib.SourceAsset(key, observe_fn=observing(lib, asset), partitions_def=parts))
        elif asset.sort == "asset":
            made = lib.asset(key=key, deps=deps, partitions_def=parts)(lambda: None)
            found.append(made)
        else:
            specs = [
                lib.AssetSpec(one.split("/"), deps=deps, skippable=asset.is_optional)
                for one in pair_of(asset.key)
            ]
            looks = lib.multi_observable_source_asset(
                specs=specs, name=f"looks_{key[-1]}", partitions_def=parts
            )(yielding(lib, asset))
            found.append(looks)
        if asset.has_check and asset.sort != "spec":
            checks = lib.asset_check(asset=lib.AssetKey(key), name="c")
            found.append(checks(lambda: lib.AssetCheckResult(passed=True)))
    return found


def observing(lib: ModuleType, asset: Observable) -> Any:
    """Return the function of a single observed asset."""

    def looks() -> Any:
        return result_of(lib, asset)

    return looks


def yielding(lib: ModuleType, asset: Observable) -> Any:
    """Return the function of two observed assets."""

    def looks() -> Iterator[Any]:
        yield from items_of(lib, asset)

    return looks


def run(lib: ModuleType, observe: Any, case: Case) -> Any:
    """Run the assets of a case with one library."""
    made = definitions(lib, case)
    options: dict[str, Any] = {"partition_key": case.partition_key, "raise_on_error": False}
    if case.run == "materialize":
        return lib.materialize_to_memory(made, selection=case.selection, **options)
    if case.run == "observe":
        return observe(made, **options)
    if case.run == "job":
        project = lib.Definitions(made, jobs=[lib.define_asset_job("j", case.selection)])
        return project.get_job_def("j").execute_in_process(**options)
    return lib.Definitions(made).get_implicit_global_asset_job_def().execute_in_process(**options)


def shown(tags: Any) -> dict[str, str]:
    """Return the tags that do not depend on the run id or on the storage.

    The versions of inputs are left out: the reference ignores those of observed partitions.
    """
    return {
        name.replace("dagster/", "dagflow/"): value
        for name, value in (tags or {}).items()
        if not name.endswith(("/code_version", "/data_version")) or len(value) == 1
        if "/input_" not in name
    }


def happened(event: Any) -> tuple[Any, ...]:
    """Return the facts about an event that both libraries must agree about."""
    kind, data = event.event_type_value, event.event_specific_data
    facts: tuple[Any, ...] = ()
    if kind == "STEP_OUTPUT":
        facts = (data.output_name,)
    elif kind in ("ASSET_OBSERVATION", "ASSET_MATERIALIZATION"):
        one = data.asset_observation if kind == "ASSET_OBSERVATION" else data.materialization
        metadata = {name: value.value for name, value in one.metadata.items() if name != "path"}
        facts = (one.asset_key.path, one.partition, shown(one.tags), metadata)
    elif kind == "STEP_FAILURE":
        facts = (data.error.cls_name.replace("Dagster", "Dagflow"),)
    return kind, event.step_key, *facts


def outcome(lib: ModuleType, observe: Any, case: Case) -> Any:
    """Return the events of a case, or the name of the error that is raised instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = run(lib, observe, case)
        except Exception as error:  # the comparison is about any error
            return type(error).__name__.replace("Dagster", "Dagflow")
        return [happened(event) for event in result.all_events if event.event_type_value in EVENTS]


@examples
@given(case=cases())
def test_random_observables(case: Case) -> None:
    """The same assets have the same observations in a run with either library."""
    from dagster._core.definitions.observe import observe  # it has no public name

    assert outcome(dagflow, dagflow.observe, case) == outcome(reference, observe, case)
