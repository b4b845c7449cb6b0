"""Changes of the specs of assets: `map_asset_specs`, and copies of definitions with other specs."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from dagflow import (
    AssetDep,
    AssetKey,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    InMemoryIOManager,
    LastPartitionMapping,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    map_asset_specs,
    materialize,
    materialize_to_memory,
)


@asset(metadata={"source": "well"}, code_version="1")
def water():
    return 1


@asset(deps=["shelf"])
def tea(water):
    return water + 1


@asset(deps=["shelf"])
def cup():
    return "cup"


def _key(name: str) -> Callable[[AssetSpec], AssetSpec]:
    return lambda spec: spec.replace_attributes(key=name)


def test_facts_change_and_the_function_stays():
    """The copy has the new facts, the definition itself keeps its own, and both run."""
    (changed,) = map_asset_specs(
        lambda spec: spec.replace_attributes(group_name="bar", metadata={"degrees": 90}, owners=["team:bar"]),
        [water],
    )

    assert changed.get_asset_spec().owners == ["team:bar"]
    assert changed.group_names_by_key == {AssetKey("water"): "bar"}
    assert changed.metadata_by_key[AssetKey("water")] == {"source": "well", "degrees": 90}
    assert water.metadata_by_key[AssetKey("water")] == {"source": "well"}
    assert materialize_to_memory([changed]).asset_value("water") == 1
    assert changed() == 1


def test_an_io_manager_sees_the_new_metadata():
    """The definition metadata of an output is that of the new spec, and the key of its I/O manager too."""
    seen = []

    class Shelf(InMemoryIOManager):
        def handle_output(self, context, obj):
            seen.append(dict(context.definition_metadata))
            super().handle_output(context, obj)

    (changed,) = map_asset_specs(
        lambda spec: spec.merge_attributes(metadata={"degrees": 90}).with_io_manager_key("shelf"), [water]
    )

    materialize([changed], resources={"shelf": Shelf()})
    assert seen == [{"source": "well", "degrees": 90, "dagflow/io_manager_key": "shelf"}]
    assert water.get_io_manager_key_for_asset_key(AssetKey("water")) == "io_manager"


def test_a_new_code_version_is_recorded():
    """The materialization has the code version of the new spec."""
    (changed,) = map_asset_specs(lambda spec: spec.replace_attributes(code_version="2"), [water])

    (event,) = materialize_to_memory([changed]).asset_materializations_for_node("water")
    assert event.tags["dagflow/code_version"] == "2"


def test_a_new_dependency_orders_the_run():
    """An asset whose function reads nothing waits for a dependency that its new spec has."""
    changed = map_asset_specs(
        lambda spec: spec.merge_attributes(deps=["tea"]) if spec.key == AssetKey("cup") else spec,
        [cup, water, tea],
    )

    result = materialize_to_memory(changed)
    assert [event.step_key for event in result.get_step_success_events()] == ["water", "tea", "cup"]
    assert changed[0].dependency_keys == {AssetKey("shelf"), AssetKey("tea")}


def test_a_dependency_is_removed():
    """A dependency of `deps` that the new spec leaves out is gone; the others stay."""
    (changed,) = map_asset_specs(lambda spec: spec.replace_attributes(deps=["water"]), [tea])

    assert changed.keys_by_input_name == {"water": AssetKey("water")}
    assert list(changed.op.ins) == ["water"]


def test_a_dependency_gets_a_partition_mapping():
    """The mapping of a dependency in the new spec counts."""
    partitions = StaticPartitionsDefinition(["a", "b"])

    @asset(partitions_def=partitions, deps=["beans"])
    def coffee():
        return 1

    mapping = LastPartitionMapping()
    (changed,) = map_asset_specs(
        lambda spec: spec.replace_attributes(deps=[AssetDep("beans", partition_mapping=mapping)]), [coffee]
    )

    assert changed.partition_mappings == {AssetKey("beans"): mapping}
    assert changed.inputs["beans"].partition_mapping is mapping


def test_partitions_change():
    """The definition has the partitions of its new spec."""
    partitions = StaticPartitionsDefinition(["a", "b"])
    (changed,) = map_asset_specs(lambda spec: spec.replace_attributes(partitions_def=partitions), [water])

    assert changed.partitions_def == partitions
    assert materialize([changed], partition_key="a").success


def test_specs_and_other_objects():
    """A spec may get another key. Other objects are returned as they are."""
    source = SourceAsset("river")

    found = map_asset_specs(_key("new"), [AssetSpec("old"), source, 3])

    assert found == [AssetSpec("new"), source, 3]


def test_nothing_changes():
    """A definition whose specs stay the same is returned itself."""
    assert map_asset_specs(lambda spec: spec, [tea])[0] is tea


@pytest.mark.parametrize(
    ("func", "error", "message"),
    [
        (_key("milk"), DagflowInvalidDefinitionError, "key of asset 'tea' to 'milk'"),
        (lambda spec: spec.replace_attributes(deps=[]), CheckError, "'water' of its function .*test_changed"),
        (
            lambda spec: spec.merge_attributes(deps=["milk"]),
            DagflowInvalidDefinitionError,
            "dependency on 'milk', but the function .*test_changed.* parameters .water.",
        ),
        (lambda spec: None, CheckError, "returned None of type 'NoneType' for asset 'tea'"),
    ],
)
def test_refused_changes(func, error, message):
    """A change that the function of the asset does not fit names the asset and the place."""
    with pytest.raises(error, match=message):
        map_asset_specs(func, [tea])


def test_one_of_several_specs_is_unknown():
    """The spec of a key that a definition does not have is a KeyError."""
    assert tea.get_asset_spec() is tea.get_asset_spec(AssetKey("tea"))
    with pytest.raises(KeyError):
        tea.get_asset_spec(AssetKey("milk"))


def test_a_changed_definition_can_be_pickled():
    """A copy is pickled with its new facts, as a process pool does."""
    (changed,) = map_asset_specs(lambda spec: spec.merge_attributes(tags={"hot": "yes"}), [water])

    again = pickle.loads(pickle.dumps(changed))
    assert again.tags_by_key == {AssetKey("water"): {"hot": "yes"}}
    assert again() == 1


def test_wrong_arguments_of_map_asset_specs():
    """A value that is not a function, or not a list, is refused by name."""
    with pytest.raises(CheckError, match="'func' of map_asset_specs"):
        map_asset_specs("spec", [AssetSpec("a")])  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="'iterable' of map_asset_specs"):
        map_asset_specs(lambda spec: spec, 3)  # type: ignore[arg-type]
