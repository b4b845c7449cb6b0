"""Tests of the smoke tests of assets, checks, resources, and of the definitions as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetSpec,
    Config,
    ConfigurableResource,
    DailyPartitionsDefinition,
    Definitions,
    EnvVar,
    ResourceDependency,
    ResourceParam,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    graph_asset,
    op,
    resource,
)
from dagflow.testing import SmokeFinding, smoke_tests


class Kettle(ConfigurableResource):
    """A resource with config."""

    key: str


class Bar(ConfigurableResource):
    """A resource that needs another one."""

    kettle: ResourceDependency[Kettle]


class Recipe(Config):
    """Config without a default."""

    cups: int


def findings_of(name: str, *definitions: Any, now: float = 1_710_000_000.0) -> list[SmokeFinding]:
    """Return the findings of the test of one definition, as "asset tea"."""
    tests = {f"{test.kind} {test.name}".strip(): test for test in smoke_tests(*definitions, now=now)}
    return tests[name].run()


@asset
def water():
    """An asset without needs."""
    return 1


def test_definitions_that_are_right_have_no_findings():
    """Each definition has a test, the definitions as a whole come first."""
    tests = smoke_tests(Definitions([water, AssetSpec("beans")], resources={"limit": 5}))

    assert [f"{test.kind}:{test.name}" for test in tests] == [
        "definitions:",
        "asset:water",
        "asset:beans",
        "resource:limit",
    ]
    assert [test.run() for test in tests] == [[], [], [], []]
    assert tests[1].place.startswith(__file__)


def test_two_assets_with_one_key():
    """The definitions do not load as a whole, and all tests can still run."""

    @asset(name="water")
    def other():
        return 2

    tests = smoke_tests(Definitions([water, other]))

    (finding,) = tests[0].run()
    assert finding.fact == "the definitions do not load as a whole"
    assert "Duplicate asset key" in finding.detail
    assert tests[1].run() == []


def test_a_missing_resource_is_a_failure_of_its_asset():
    """The detail names the resource; other assets have no finding."""

    @asset
    def tea(water, kettle: ResourceParam[str]):
        return kettle

    project = Definitions([water, tea], resources={"kettl": "blue"})

    (finding,) = findings_of("asset tea", project)
    assert finding.fact == "asset 'tea' lacks a resource"
    assert "'kettle'" in finding.detail
    assert "Did you mean 'kettl'?" in finding.detail
    assert findings_of("asset water", project) == []


@pytest.mark.parametrize("is_graph", [False, True])
def test_required_config_is_no_failure(is_graph: bool):
    """Config that a run must give is named with an example."""

    @op
    def boil(config: Recipe):
        return config.cups

    @asset(name="tea")
    def plain(config: Recipe):
        return config.cups

    @graph_asset(name="tea")
    def of_graph():
        return boil()

    (finding,) = findings_of("asset tea", Definitions([of_graph if is_graph else plain]))
    assert not finding.is_failure
    assert "asset 'tea' requires config that has no default: {" in finding.fact
    assert "'cups': 0" in finding.fact


def test_a_graph_reads_other_assets():
    """The config of an asset of a graph is tested in a job that knows the assets that the graph reads."""

    @op
    def boil(water):
        return water

    @graph_asset
    def tea(water):
        return boil(water)

    assert findings_of("asset tea", Definitions([water, tea])) == []


def test_the_first_partition_that_reads_nothing():
    """The mapping is asked at the boundary keys, and the first key without an upstream key is named."""

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-03", end_date="2024-02-01"))
    def raw():
        return 1

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01"))
    def clean(raw):
        return raw

    (finding,) = findings_of("asset clean", Definitions([raw, clean]))
    assert finding.fact == "partition '2024-01-01' of asset 'clean' cannot read asset 'raw'"
    assert "do not exist: '2024-01-01'" in finding.detail


def test_partitions_that_no_mapping_connects():
    """The error of the mapping is the detail."""

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def raw():
        return 1

    @asset(partitions_def=StaticPartitionsDefinition(["b", "c"]))
    def clean(raw):
        return raw

    (finding,) = findings_of("asset clean", Definitions([raw, clean]))
    assert finding.fact == "partition 'c' of asset 'clean' cannot read asset 'raw'"


def test_a_check_of_an_unknown_asset():
    """The key is likely misspelt."""

    @asset_check(asset="watr")
    def hot():
        return AssetCheckResult(passed=True)

    (finding,) = findings_of("check watr:hot", Definitions([water], asset_checks=[hot]))
    assert finding.fact == (
        "check 'watr:hot' is about asset 'watr', which is not an asset of the project. Did you mean 'water'?"
    )
    assert "AssetSpec('watr')" in finding.remedy


def test_a_variable_that_is_not_set_is_no_failure(monkeypatch: pytest.MonkeyPatch):
    """The secrets of a deployment are missing in most test sessions."""
    monkeypatch.delenv("KETTLE_KEY", raising=False)
    project = Definitions(resources={"kettle": Kettle(key=EnvVar("KETTLE_KEY"))})

    (finding,) = findings_of("resource kettle", project)
    assert finding == SmokeFinding(
        "resource 'kettle' reads the environment variable KETTLE_KEY, which is not set here", is_failure=False
    )
    monkeypatch.setenv("KETTLE_KEY", "blue")
    assert findings_of("resource kettle", project) == []


def test_resources_that_cannot_be_made():
    """A class instead of an object, a missing resource and a cycle are failures."""

    @resource(required_resource_keys={"gas"})
    def stove():
        return 1

    project = Definitions(resources={"stove": stove, "kettle": Kettle})

    facts = [
        finding.fact for name in ("stove", "kettle") for finding in findings_of(f"resource {name}", project)
    ]
    assert facts == ["resource 'stove' cannot be made", "resource 'kettle' is not valid"]


def test_a_nested_resource_is_tested_with_its_owner():
    """Its config belongs to the resource that holds it."""
    project = Definitions(resources={"bar": Bar(kettle=Kettle(key="blue"))})

    assert findings_of("resource bar", project) == []
