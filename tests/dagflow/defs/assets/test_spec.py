"""AssetSpec: its arguments, their checks, and copies with other attributes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dagflow import (
    AssetDep,
    AssetKey,
    AssetOut,
    AssetSpec,
    AutoMaterializePolicy,
    AutomationCondition,
    FreshnessPolicy,
    LastPartitionMapping,
    LegacyFreshnessPolicy,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    graph_asset,
    graph_multi_asset,
    mem_io_manager,
    multi_asset,
    op,
)
from dagflow.defs.assets.layer import AssetLayer
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    DagflowInvariantViolationError,
    ParameterCheckError,
)

PARTS = StaticPartitionsDefinition(["a", "b"])


@asset(
    key_prefix=["shop"], group_name="g", code_version="1", tags={"t": "1"}, kinds={"sql"}, metadata={"m": 1}
)
def cup(water: Any) -> Any:
    """A cup."""
    return water


def test_a_spec_stores_its_arguments() -> None:
    """A spec stores its arguments, has a default group, and turns kinds into tags."""
    spec = AssetSpec(
        ["a", "b"],
        deps=["x", cup],
        description="d",
        metadata={"m": 1},
        skippable=True,
        group_name="g/h",
        code_version="1",
        owners=["team:me"],
        tags={"t": "1"},
        kinds={"sql"},
        partitions_def=PARTS,
    )

    assert spec.key == AssetKey(["a", "b"])
    assert [dep.asset_key for dep in spec.deps] == [AssetKey("x"), cup.key]
    assert (spec.description, spec.skippable, spec.group_name) == ("d", True, "g/h")
    assert (spec.code_version, spec.owners, spec.partitions_def) == ("1", ["team:me"], PARTS)
    assert spec.tags == {"t": "1", "dagflow/kind/sql": ""}
    assert spec.kinds == {"sql"}
    assert (AssetSpec("a").group_name, AssetSpec("a").shown_group) == (None, "default")
    assert repr(AssetSpec("a")) == "AssetSpec(AssetKey(['a']))"


def test_a_repeated_dependency_of_a_spec_counts_once() -> None:
    """A spec that names an asset twice has one dependency on it."""
    assert AssetSpec("a", deps=["b", AssetSpec("b"), ["b"]]).deps == [AssetDep("b")]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: AssetSpec("a", group_name="a b"),
            DagflowInvalidDefinitionError,
            '"a b".*group of asset .a.',
        ),
        (lambda: AssetSpec("a", group_name="a//b"), DagflowInvalidDefinitionError, '"".*group of asset .a.'),
        (lambda: AssetSpec("a", group_name=5), ParameterCheckError, "'group_name' of asset 'a'"),
        (lambda: AssetSpec("a", partitions_def=5), ParameterCheckError, "'partitions_def'"),
        (lambda: AssetSpec("a", metadata={"m": object()}), DagflowInvalidMetadata, "'m'"),
        (
            lambda: AssetSpec("a", tags={"t": object()}),
            DagflowInvalidDefinitionError,
            "the tags of asset 'a'",
        ),
        (lambda: AssetSpec(5), ParameterCheckError, "AssetKey"),
        (lambda: AssetSpec("a", deps="bc"), ParameterCheckError, "'deps' of asset 'a' must be a list"),
        (
            lambda: AssetSpec("a", deps=["b", AssetDep("b", partition_mapping=LastPartitionMapping())]),
            DagflowInvariantViolationError,
            "asset 'a' names asset 'b' more than once",
        ),
        (
            lambda: SourceAsset(
                "a", io_manager_key="k", io_manager_def=mem_io_manager, resource_defs={"k": 1}
            ),
            DagflowInvalidDefinitionError,
            "asset 'a' has an 'io_manager_def' and a different resource with the key 'k'",
        ),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    """An invalid argument raises an error that names the asset."""
    with pytest.raises(error, match=message):
        make()


def test_a_spec_names_its_io_manager() -> None:
    """`with_io_manager_key` returns a copy with the key in its metadata; the default is "io_manager"."""
    spec = AssetSpec("beans", metadata={"kind": "arabica"})
    stored = spec.with_io_manager_key("cellar")

    assert stored.metadata == {"kind": "arabica", "dagflow/io_manager_key": "cellar"}
    assert (spec.io_manager_key, stored.io_manager_key) == ("io_manager", "cellar")
    assert AssetLayer({stored.key: stored}).io_manager_key(stored.key) == "cellar"
    with pytest.raises(ParameterCheckError, match="'io_manager_key' of asset 'beans'"):
        spec.with_io_manager_key(5)  # type: ignore[arg-type]


def test_a_spec_with_other_partitions_is_a_copy() -> None:
    """The spec itself keeps its partitions."""
    spec = AssetSpec("beans", description="d")
    partitioned = spec.with_partitions_def(PARTS)

    assert (partitioned.key, partitioned.description, partitioned.partitions_def) == (spec.key, "d", PARTS)
    assert spec.partitions_def is None


def test_attributes_are_replaced() -> None:
    """Only the given attributes change, and None clears one."""
    spec = AssetSpec("beans", deps=["farm"], tags={"roast": "dark"}, kinds={"csv"}, owners=["team:bar"])

    changed = spec.replace_attributes(key="peas", deps=None, description="d", skippable=True)
    assert changed == spec._replace(key="peas", deps=None, description="d", skippable=True)

    assert (changed.key, changed.deps, changed.description, changed.skippable) == (
        AssetKey("peas"),
        [],
        "d",
        True,
    )
    assert (changed.tags, changed.owners) == (spec.tags, ["team:bar"])
    assert spec.replace_attributes() == spec
    with pytest.raises(ParameterCheckError, match="'skippable' of asset 'beans'"):
        spec.replace_attributes(skippable=None)  # type: ignore[arg-type]


def test_kinds_and_tags_are_replaced_apart() -> None:
    """New tags keep the kinds, and new kinds keep the other tags."""
    spec = AssetSpec("beans", tags={"roast": "dark"}, kinds={"csv"})

    assert spec.replace_attributes(tags={"a": "b"}).tags == {"a": "b", "dagflow/kind/csv": ""}
    assert spec.replace_attributes(tags=None).tags == {"dagflow/kind/csv": ""}
    assert spec.replace_attributes(kinds={"sql"}).tags == {"roast": "dark", "dagflow/kind/sql": ""}
    assert spec.replace_attributes(kinds=None).tags == {"roast": "dark"}


def test_attributes_are_merged() -> None:
    """Dependencies, owners and kinds are added; metadata and tags with a known name are replaced."""
    spec = AssetSpec(
        "beans", deps=["farm"], metadata={"m": 1, "n": 1}, owners=["team:bar"], tags={"a": "1"}, kinds={"csv"}
    )

    merged = spec.merge_attributes(
        deps=["mill"], metadata={"m": 2}, owners=["team:bar"], tags={"a": "2"}, kinds={"sql"}
    )

    assert [dep.asset_key for dep in merged.deps] == [AssetKey("farm"), AssetKey("mill")]
    assert (merged.metadata, merged.owners) == ({"m": 2, "n": 1}, ["team:bar", "team:bar"])
    assert (merged.tags["a"], merged.kinds) == ("2", {"csv", "sql"})
    assert spec.merge_attributes() == spec


def test_none_is_not_merged() -> None:
    """None is a TypeError that names the argument and the asset."""
    with pytest.raises(TypeError, match="'owners' of merge_attributes for asset 'beans' is None"):
        AssetSpec("beans").merge_attributes(owners=None)  # type: ignore[arg-type]


def test_specs_are_compared_by_value() -> None:
    """Two specs with the same facts are equal, and a set holds one of them."""
    one, other = (AssetSpec("beans", deps=["farm"], metadata={"m": 1}) for _ in range(2))

    assert one == other
    assert len({one, other, one.replace_attributes(skippable=True)}) == 2
    assert one != "beans"


HOUR = timedelta(hours=1)
FRESH = FreshnessPolicy.time_window(HOUR)
OLD_FRESH = LegacyFreshnessPolicy(maximum_lag_minutes=3)
EAGER = AutomationCondition.eager()


def test_conditions_and_policies_are_kept() -> None:
    """A spec keeps its condition and its policies, and an equal spec has equal ones."""
    spec = AssetSpec(
        "a",
        automation_condition=EAGER,
        freshness_policy=FRESH,
        legacy_freshness_policy=OLD_FRESH,
        is_virtual=True,
    )

    assert (spec.automation_condition, spec.freshness_policy) == (EAGER, FRESH)
    assert (spec.legacy_freshness_policy, spec.is_virtual) == (OLD_FRESH, True)
    assert spec.metadata == {}
    assert spec == spec.replace_attributes() != AssetSpec("a")


def test_conditions_and_policies_are_replaced() -> None:
    """Each of them is replaced alone, and None clears it."""
    spec = AssetSpec("a", automation_condition=EAGER, freshness_policy=FRESH)

    assert spec.replace_attributes(automation_condition=None).automation_condition is None
    assert spec.replace_attributes(automation_condition=None).freshness_policy == FRESH
    assert spec.replace_attributes(freshness_policy=None).freshness_policy is None
    assert spec.replace_attributes(legacy_freshness_policy=OLD_FRESH).legacy_freshness_policy == OLD_FRESH
    assert spec.replace_attributes(is_virtual=True).is_virtual


def test_the_older_form_of_a_condition() -> None:
    """An auto-materialize policy becomes a condition, and is read back as the policy of that condition."""
    policy = AutoMaterializePolicy.eager()
    spec = AssetSpec("a", auto_materialize_policy=policy)

    assert spec.automation_condition == policy.to_automation_condition()
    assert spec.auto_materialize_policy == AutoMaterializePolicy(None, None, spec.automation_condition)
    assert AssetSpec("a").auto_materialize_policy is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"automation_condition": 3}, ParameterCheckError, "'automation_condition' of asset 'a'"),
        ({"freshness_policy": 3}, ParameterCheckError, "'freshness_policy' of asset 'a'"),
        ({"freshness_policy": OLD_FRESH}, ParameterCheckError, "'legacy_freshness_policy'"),
        ({"legacy_freshness_policy": FRESH}, ParameterCheckError, "'legacy_freshness_policy' of asset 'a'"),
        ({"auto_materialize_policy": 3}, ParameterCheckError, "'auto_materialize_policy' of asset 'a'"),
        (
            {"auto_materialize_policy": AutoMaterializePolicy.eager(), "automation_condition": EAGER},
            DagflowInvariantViolationError,
            "asset 'a' has an 'automation_condition' and an 'auto_materialize_policy'",
        ),
        ({"is_virtual": 3}, ParameterCheckError, "'is_virtual' of asset 'a'"),
        ({"code_version": 3}, ParameterCheckError, "'code_version' of asset 'a'"),
        ({"metadata": {1: 2}}, CheckError, "asset 'a'"),
        ({"owners": ["x@y.z"]}, DagflowInvalidDefinitionError, "'x@y.z' of asset 'a'"),
        ({"owners": ["team:"]}, DagflowInvalidDefinitionError, "'team:' of asset 'a'"),
        ({"owners": [3]}, CheckError, "owners"),
        ({"owners": "x"}, ParameterCheckError, "owners"),
        ({"group_name": ""}, DagflowInvalidDefinitionError, "group of asset 'a'"),
        ({"group_name": "a/"}, DagflowInvalidDefinitionError, "group of asset 'a'"),
        ({"tags": {"a b": "c"}}, DagflowInvalidDefinitionError, "invalid tag key 'a b'"),
        (
            {"tags": {"dagflow/kind/a b": ""}},
            DagflowInvalidDefinitionError,
            "asset 'a' has an invalid kind 'a b'",
        ),
        ({"tags": {"dagflow/kind/a/b": ""}}, DagflowInvalidDefinitionError, "invalid kind 'a/b'"),
        ({"tags": {"dagflow/kind/a": "b c"}}, DagflowInvalidDefinitionError, "invalid value 'b c'"),
        ({"kinds": set("abcdefghijk")}, DagflowInvalidDefinitionError, "asset 'a' has 11 kinds"),
        ({"kinds": "sql"}, ParameterCheckError, "kinds"),
        ({"kinds": [3]}, CheckError, "kinds"),
    ],
)
def test_arguments_are_checked(arguments: Any, error: type[Exception], message: str) -> None:
    """An invalid argument is refused with its name or value, and with the asset."""
    with pytest.raises(error, match=message):
        AssetSpec("a", **arguments)


@pytest.mark.parametrize("kind", ["a b", "a/b", "", "k" * 64, "café"])
def test_the_decorators_refuse_kinds_that_are_no_tags(kind: str) -> None:
    """The kinds of an asset, a graph asset and an AssetOut are checked; those of a spec alone are not."""

    @op
    def brew() -> int:
        return 1

    makers: list[Any] = [
        lambda: asset(name="tea", kinds={kind})(lambda: 1),
        lambda: graph_asset(name="tea", kinds={kind})(lambda: brew()),
        lambda: multi_asset(outs={"tea": AssetOut(kinds={kind})}, name="m")(lambda: 1),
        lambda: graph_multi_asset(outs={"tea": AssetOut(kinds={kind})}, name="m")(lambda: {"tea": brew()}),
    ]
    for make in makers:
        with pytest.raises(
            DagflowInvalidDefinitionError, match=f"asset 'tea' has an invalid kind '{kind[:9]}"
        ):
            make()

    assert multi_asset(specs=[AssetSpec("tea", kinds={kind})], name="m")(lambda: 1).keys == {AssetKey("tea")}


def test_unknown_arguments() -> None:
    """An unknown argument is a TypeError that names it."""
    with pytest.raises(TypeError, match="foo"):
        AssetSpec("a", foo=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="auto_materialize_policy"):
        AssetSpec("a").replace_attributes(auto_materialize_policy=None)  # type: ignore[call-arg]


def test_valid_facts() -> None:
    """Teams with any name, groups of several names, ten kinds with any characters and kinds as tags."""
    spec = AssetSpec("a", owners=["team:a b", "ann@bar.org"], group_name="a/b", tags={"dagflow/kind/sql": ""})

    assert (spec.owners, spec.group_name, spec.kinds) == (["team:a b", "ann@bar.org"], "a/b", {"sql"})
    assert len(AssetSpec("a", kinds=list("abcdefghij")).kinds) == 10
    assert AssetSpec("a", kinds={"a b"}).merge_attributes(tags={"t": "1"}).kinds == {"a b"}


def test_partition_mappings() -> None:
    """The mappings of those dependencies that have one, by key."""
    mapping = LastPartitionMapping()
    spec = AssetSpec("a", deps=["b", AssetDep("c", partition_mapping=mapping)])

    assert spec.partition_mappings == {AssetKey("c"): mapping}


@pytest.mark.parametrize("name", ["deps", "metadata", "owners", "tags", "kinds"])
def test_wrong_arguments_of_merge_attributes(name: str):
    """Each argument that is not a collection is refused by its name and that of the asset."""
    arguments: dict[str, Any] = {name: 3}
    with pytest.raises(CheckError, match=f"'{name}' of merge_attributes for asset 'beans'"):
        AssetSpec("beans").merge_attributes(**arguments)
