"""The I/O manager of a branch: where it stores, and from where it loads."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetIn,
    AssetMaterialization,
    AssetObservation,
    AssetSpec,
    ConfigurableIOManager,
    DagflowInstance,
    DagflowInvariantViolationError,
    Definitions,
    IOManager,
    IOManagerDefinition,
    SpecificPartitionsPartitionMapping,
    StaticPartitionsDefinition,
    asset,
    job,
    materialize,
    op,
)
from dagflow.io.branching import BranchingIOManager

REGIONS = StaticPartitionsDefinition(["north", "south"])


class Place(IOManager):
    """An I/O manager whose values are its name, and that records its calls."""

    def __init__(self, name: str, story: list[str]) -> None:
        self.name, self.story = name, story

    def handle_output(self, context: Any, obj: Any) -> None:
        self.story.append(f"{self.name} stores {context.step_key}")

    def load_input(self, context: Any) -> str:
        return self.name


@asset
def beans() -> str:
    return "new"


@asset
def coffee(beans: str) -> str:
    return beans


@asset(partitions_def=REGIONS)
def shops() -> str:
    return "new"


@asset(partitions_def=REGIONS)
def sales(shops: str) -> str:
    return shops


@asset
def count(shops: str) -> str:
    return shops


class Shop:
    """A production and a branch with one instance."""

    def __init__(self, instance: DagflowInstance, **options: Any) -> None:
        self.instance = instance
        self.story: list[str] = []
        self.production = Place("production", self.story)
        self.manager = BranchingIOManager(
            parent_io_manager=self.production, branch_io_manager=Place("branch", self.story), **options
        )

    def run(self, *assets: Any, only: Any = None, manager: Any = None, **options: Any) -> Any:
        """Materialize assets, in the branch by default."""
        resources = {"io_manager": manager or self.manager}
        return materialize(assets, instance=self.instance, resources=resources, selection=only, **options)

    def loaded(self, upstream: Any, reader: Any, **options: Any) -> str:
        """Return the place from which the reader loads the upstream."""
        key = reader.key.to_user_string()
        value: str = self.run(upstream, reader, only=[reader], **options).output_for_node(key)
        return value


@pytest.fixture
def shop() -> Any:
    """Return a shop without values."""
    with DagflowInstance.ephemeral() as instance:
        yield Shop(instance)


def test_values_of_the_same_run(shop: Shop) -> None:
    """All values are stored in the branch, and values of the same run are loaded from it."""
    result = shop.run(beans, coffee)

    assert result.output_for_node("coffee") == "branch"
    assert shop.story == ["branch stores beans", "branch stores coffee"]
    metadata = [
        event.materialization.metadata
        for event in result.filter_events(lambda event: event.is_step_materialization)
    ]
    assert [each["io_manager_branch"].value for each in metadata] == ["dev", "dev"]


def test_the_latest_materialization_decides(shop: Shop) -> None:
    """An asset is loaded from the parent until the branch stores it, and after the parent stores it."""
    places = [shop.loaded(beans, coffee)]
    shop.run(beans)
    places.append(shop.loaded(beans, coffee))
    shop.run(beans, manager=shop.production)
    places.append(shop.loaded(beans, coffee))

    assert places == ["production", "branch", "production"]


def test_another_branch(shop: Shop) -> None:
    """A value of another branch is not in this one."""
    other = Shop(shop.instance, branch_name="other")
    other.run(beans)

    assert shop.loaded(beans, coffee) == "production"
    assert other.loaded(beans, coffee) == "branch"


def test_another_name_of_the_metadata(shop: Shop) -> None:
    """The metadata may have another name."""
    named = Shop(shop.instance, branch_name="mine", branch_metadata_key="place")
    result = named.run(beans)

    (event,) = result.filter_events(lambda event: event.is_step_materialization)
    assert event.materialization.metadata["place"].value == "mine"
    assert named.loaded(beans, coffee) == "branch"


def test_partitions(shop: Shop) -> None:
    """The latest materialization of the partition decides."""
    shop.run(shops, partition_key="north")

    assert shop.loaded(shops, sales, partition_key="north") == "branch"
    assert shop.loaded(shops, sales, partition_key="south") == "production"


def test_several_partitions(shop: Shop) -> None:
    """Several partitions are loaded from the branch only if all of them are there."""
    shop.run(shops, partition_key="north")
    places = [shop.loaded(shops, count)]
    shop.run(shops, partition_key="south")
    places.append(shop.loaded(shops, count))
    shop.run(shops, manager=shop.production, partition_key="north")
    places.append(shop.loaded(shops, count))

    assert places == ["production", "branch", "production"]


def test_no_partitions(shop: Shop) -> None:
    """For an input of no partitions, the latest materialization of any partition decides."""

    @asset(ins={"shops": AssetIn(partition_mapping=SpecificPartitionsPartitionMapping([]))})
    def nothing(shops: str) -> str:
        return shops

    before = shop.loaded(shops, nothing)
    shop.run(shops, partition_key="north")

    assert (before, shop.loaded(shops, nothing)) == ("production", "branch")


def test_other_outputs(shop: Shop) -> None:
    """Outputs that are no assets are stored in the branch and loaded from it, without metadata."""

    @op
    def brew() -> str:
        return "new"

    @op
    def drink(cup: str) -> str:
        return cup

    @job(resource_defs={"io_manager": IOManagerDefinition.hardcoded_io_manager(shop.manager)})
    def cafe() -> None:
        drink(brew())

    result = cafe.execute_in_process()
    assert result.output_for_node("drink") == "branch"
    handled = result.filter_events(lambda event: event.event_type_value == "HANDLED_OUTPUT")
    assert [event.event_specific_data.metadata for event in handled] == [{}, {}]


def test_events_without_a_run(shop: Shop) -> None:
    """A materialization that is reported without a run counts; an observation does not."""
    own = {"io_manager_branch": "dev"}
    shop.instance.report_runless_asset_event(AssetObservation("beans", metadata=own))
    before = shop.loaded(beans, coffee)
    shop.instance.report_runless_asset_event(AssetMaterialization("beans", metadata=own))

    assert (before, shop.loaded(beans, coffee)) == ("production", "branch")


def test_external_assets(shop: Shop) -> None:
    """An external asset is loaded from the parent."""
    assert shop.loaded(AssetSpec("beans"), coffee) == "production"


def test_load_asset_value(shop: Shop) -> None:
    """A value is loaded from the same place without a run."""
    defs = Definitions([beans], resources={"io_manager": shop.manager})
    before = defs.load_asset_value("beans", instance=shop.instance)
    shop.run(beans)

    assert (before, defs.load_asset_value("beans", instance=shop.instance)) == ("production", "branch")


def test_yielded_metadata(shop: Shop) -> None:
    """Events that the I/O manager of the branch yields are recorded."""

    class Yields(Place):
        def handle_output(self, context: Any, obj: Any) -> Any:
            yield {"rows": 3}

    branch = Yields("branch", [])
    result = shop.run(
        beans, manager=BranchingIOManager(parent_io_manager=shop.production, branch_io_manager=branch)
    )

    (event,) = result.filter_events(lambda event: event.is_step_materialization)
    values = {key: value.value for key, value in event.materialization.metadata.items()}
    assert values == {"rows": 3, "io_manager_branch": "dev"}


class Shelf(ConfigurableIOManager):
    """An I/O manager with a field."""

    room: str

    def handle_output(self, context: Any, obj: Any) -> None:
        pass

    def load_input(self, context: Any) -> str:
        return self.room


def test_classes_with_fields(shop: Shop) -> None:
    """Both I/O managers may be classes whose fields are config."""
    both = BranchingIOManager(parent_io_manager=Shelf(room="cellar"), branch_io_manager=Shelf(room="attic"))

    assert shop.loaded(beans, coffee, manager=both) == "cellar"
    assert shop.run(beans, coffee, manager=both).output_for_node("coffee") == "attic"


def test_objects_that_are_no_io_managers(shop: Shop) -> None:
    """An object without the methods of an I/O manager is named with its argument."""
    wrong: Any = BranchingIOManager(parent_io_manager=5, branch_io_manager=Place("branch", []))
    with pytest.raises(DagflowInvariantViolationError, match="'parent_io_manager' of BranchingIOManager"):
        shop.loaded(beans, coffee, manager=wrong)
    wrong = BranchingIOManager(parent_io_manager=Place("production", []), branch_io_manager="x")
    with pytest.raises(DagflowInvariantViolationError, match="'branch_io_manager' of BranchingIOManager"):
        shop.run(beans, manager=wrong)
