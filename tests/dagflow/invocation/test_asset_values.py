"""The stored values of assets, loaded without a run."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetKey,
    AssetSpec,
    CheckError,
    ConfigurableIOManager,
    DagflowInstance,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    Definitions,
    InMemoryIOManager,
    IOManager,
    PartitionKeyRange,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    instance_for_test,
    io_manager,
    materialize,
    mem_io_manager,
    repository,
)


@asset(metadata={"source": "well"})
def water():
    return 1


@asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def cups(context):
    return f"cup {context.partition_key}"


@pytest.fixture
def instance():
    """Return an instance with a value of `water`, and of each partition of `cups`."""
    with DagflowInstance.ephemeral() as instance:
        materialize([water], instance=instance)
        for key in "ab":
            materialize([cups], instance=instance, partition_key=key)
        yield instance


PROJECT = Definitions([water, cups])


def test_a_value(instance):
    """The value that a run stored is loaded, from Definitions and from a repository."""
    assert PROJECT.load_asset_value("water", instance=instance) == 1
    assert PROJECT.get_repository_def().load_asset_value(["water"], instance=instance) == 1
    with PROJECT.get_asset_value_loader(instance) as loader:
        assert loader.load_asset_value(AssetKey("water")) == 1
    assert PROJECT.get_asset_value_loader(instance).load_asset_value("water") == 1


def test_partitions(instance):
    """One partition is a value, and a range of several is a dict."""
    loader = PROJECT.get_asset_value_loader(instance)

    assert PROJECT.load_asset_value("cups", instance=instance, partition_key="b") == "cup b"
    assert loader.load_asset_value("cups", partition_key_range=PartitionKeyRange("a", "b")) == {
        "a": "cup a",
        "b": "cup b",
    }
    with pytest.raises(IsADirectoryError, match="stored with partitions"):
        loader.load_asset_value("cups")


@pytest.mark.parametrize(
    ("key", "arguments", "error", "message"),
    [
        ("watr", {}, CheckError, "asset 'watr' .* no definition.*Did you mean 'water'"),
        ("cups", {"partition_key": "c"}, DagflowInvalidInvocationError, "'cups' .* partition with key 'c'"),
        (
            "cups",
            {"partition_key": "a", "partition_key_range": PartitionKeyRange("a", "b")},
            CheckError,
            "both .* are given for asset 'cups'",
        ),
        ("water", {"partition_key_range": PartitionKeyRange("a", "b")}, CheckError, "'water' has no partit"),
        ("water", {"resource_config": {"x": {"config": 1}}}, DagflowInvalidConfigError, '"x"'),
    ],
)
def test_refused_arguments(instance, key, arguments, error, message):
    """An unknown asset, partition or resource is named."""
    with pytest.raises(error, match=message):
        PROJECT.get_asset_value_loader(instance).load_asset_value(key, **arguments)


def test_the_context_of_the_io_manager():
    """The I/O manager finds the asset, its metadata, the wanted type and its own resources."""
    seen = []

    class Shelf(IOManager):
        def handle_output(self, context, obj):
            raise NotImplementedError

        def load_input(self, context):
            seen.append((context.asset_key, context.dagflow_type.typing_type, context.definition_metadata))
            seen.append((context.upstream_output.definition_metadata, context.upstream_output.op_def))
            seen.append((context.resources.label, context.resource_config, context.has_input_name))
            return 5

    @io_manager(required_resource_keys={"label"}, config_schema={"row": int})
    def shelf():
        return Shelf()

    project = Definitions([water], resources={"io_manager": shelf.configured({"row": 2}), "label": "L"})

    assert project.load_asset_value("water", python_type=int, metadata={"m": 1}) == 5
    assert seen == [
        (AssetKey("water"), int, {"m": 1}),
        ({"source": "well"}, water.op),
        ("L", {"row": 2}, False),
    ]


def test_io_managers_start_once_and_late():
    """An I/O manager starts with the first value that needs it, and stops at the end of the block."""
    story = []

    @io_manager
    def shelf():
        story.append("start")
        yield InMemoryIOManager()
        story.append("stop")

    project = Definitions([water], resources={"io_manager": shelf})
    with project.get_asset_value_loader() as loader:
        assert story == []
        for _ in range(2):
            with pytest.raises(DagflowInvariantViolationError, match="no value of asset 'water'"):
                loader.load_asset_value("water")
        assert story == ["start"]

    assert story == ["start", "stop"]


def test_sources_and_specs():
    """Assets that are only read are loaded by their own I/O manager."""
    shelf = InMemoryIOManager()
    shelf.assets[AssetKey("river"), None] = 7
    shelf.assets[AssetKey("lake"), None] = 8
    lake = AssetSpec("lake").with_io_manager_key("shelf")
    project = Definitions([SourceAsset("river", io_manager_def=shelf), lake], resources={"shelf": shelf})

    assert [project.load_asset_value(key) for key in ("river", "lake")] == [7, 8]


def test_values_of_a_resource_with_config():
    """A repository takes the config of resources for one value; without it the error names the field."""

    class Row(ConfigurableIOManager):
        row: int

        def handle_output(self, context, obj):
            raise NotImplementedError

        def load_input(self, context):
            return self.row

    @repository
    def kitchen():
        return [SourceAsset("river", io_manager_def=Row.configure_at_launch())]

    config = {"river__io_manager": {"config": {"row": 3}}}
    assert kitchen.load_asset_value("river", resource_config=config) == 3
    with pytest.raises(DagflowInvalidConfigError, match="row"):
        kitchen.load_asset_value("river")


def test_metadata_of_the_input(instance):
    """The metadata of the input may have its older name, but not both."""

    class Reads(IOManager):
        def handle_output(self, context, obj):
            pass

        def load_input(self, context):
            return context.metadata

    loader = Definitions([water], resources={"io_manager": Reads()}).get_asset_value_loader(instance)

    assert loader.load_asset_value("water", input_definition_metadata={"a": 1}) == {"a": 1}
    assert loader.load_asset_value("water", metadata={"a": 1}) == {"a": 1}
    with pytest.raises(CheckError, match="'input_definition_metadata' and its older name 'metadata'"):
        loader.load_asset_value("water", metadata={}, input_definition_metadata={})


def test_what_cannot_load():
    """A missing I/O manager, one that holds nothing, and an object that is none are named."""
    spec = AssetSpec("lake").with_io_manager_key("shelf")
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'shelf' required by .*lake"):
        Definitions([spec]).load_asset_value("lake")
    with pytest.raises(DagflowInvariantViolationError, match="no value of asset 'water'"):
        Definitions([water], resources={"io_manager": mem_io_manager}).load_asset_value("water")
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'io_manager' required by .*, but received 7"):
        Definitions([water], resources={"io_manager": 7}).load_asset_value("water")
    with pytest.raises(CheckError, match="'io_manager' should load asset 'water', but 7"):
        Definitions([water], resources={"io_manager": io_manager(lambda: 7)}).load_asset_value("water")


def test_the_instance_of_the_home():
    """Without an instance, the one of DAGFLOW_HOME is used."""
    with instance_for_test(set_dagflow_home=True) as instance:
        materialize([water], instance=instance)

        assert PROJECT.load_asset_value("water") == 1
