"""The status of partitions on an instance, and pages of dynamic partitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dagflow as d
from dagflow.errors import ElementCheckError, ParameterCheckError

LETTERS = d.StaticPartitionsDefinition(["a", "b", "c"])
MATERIALIZED = d.AssetPartitionStatus.MATERIALIZED
IN_PROGRESS = d.AssetPartitionStatus.IN_PROGRESS
FAILED = d.AssetPartitionStatus.FAILED


@pytest.fixture(params=["memory", "file"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[d.DagflowInstance]:
    """Return an instance in memory, and one in a folder."""
    is_file = request.param == "file"
    with d.DagflowInstance.local_temp(str(tmp_path)) if is_file else d.DagflowInstance.ephemeral() as made:
        yield made


def test_the_status_follows_the_last_attempt(instance: d.DagflowInstance) -> None:
    """A partition is materialized, failed or in progress after its last attempt."""
    broken: set[str] = set()
    seen: dict[str, Any] = {}

    @d.asset(partitions_def=LETTERS)
    def beans(context: d.AssetExecutionContext) -> None:
        if context.partition_key in broken:
            raise ValueError("stale")

    @d.asset(partitions_def=LETTERS, deps=[beans])
    def coffee() -> None:
        seen.update(instance.get_status_by_partition("coffee", ["a", "b"], LETTERS) or {})

    def run(key: str, *assets: d.AssetsDefinition) -> None:
        d.materialize([*assets], partition_key=key, instance=instance, raise_on_error=False)

    assert instance.get_status_by_partition("beans", ["a"], LETTERS) is None
    run("a", beans, coffee)
    broken.update("ab")
    run("b", beans)
    assert instance.get_status_by_partition("beans", ["a", "b", "c", "q"], LETTERS) == (
        {"a": MATERIALIZED, "b": FAILED, "c": None, "q": None}
    )
    assert seen == {"a": IN_PROGRESS, "b": None}
    run("a", beans, coffee)
    assert instance.get_status_by_partition(coffee.key, ["a"], LETTERS) == {"a": FAILED}
    instance.report_runless_asset_event(d.AssetMaterialization("coffee", partition="a"))
    assert instance.get_status_by_partition(coffee.key, ["a"], LETTERS) == {"a": MATERIALIZED}
    instance.wipe_assets([coffee.key])
    assert instance.get_status_by_partition(coffee.key, ["a"], LETTERS) is None


def test_wrong_arguments_of_the_status(instance: d.DagflowInstance) -> None:
    """The keys are a list of strings, and the definition is required."""
    with pytest.raises(ElementCheckError, match="partition_keys"):
        instance.get_status_by_partition("beans", [1], LETTERS)  # type: ignore[list-item]
    with pytest.raises(ParameterCheckError, match="partitions_def"):
        instance.get_status_by_partition("beans", ["a"], None)  # type: ignore[arg-type]


def test_materializations_between_cursors(instance: d.DagflowInstance) -> None:
    """Cursors limit the materializations that count; one at a cursor itself does not count."""
    for key in "abc":
        instance.report_runless_asset_event(d.AssetMaterialization("beans", partition=key))
    instance.report_runless_asset_event(d.AssetMaterialization("beans"))
    records = instance.fetch_materializations("beans", limit=9, ascending=True).records
    middle = records[1].storage_id

    assert instance.get_materialized_partitions("beans") == {"a", "b", "c"}
    assert instance.get_materialized_partitions("beans", before_cursor=middle) == {"a"}
    assert instance.get_materialized_partitions("beans", after_cursor=middle) == {"c"}
    with pytest.raises(ParameterCheckError, match="before_cursor"):
        instance.get_materialized_partitions("beans", before_cursor="1")  # type: ignore[arg-type]


def test_pages_of_dynamic_partitions(instance: d.DagflowInstance) -> None:
    """Keys are read in pages in the order of their addition, and compared with other keys."""
    instance.add_dynamic_partitions("shops", ["corner", "station", "port"])

    page = instance.get_paginated_dynamic_partitions("shops", limit=2, ascending=True)
    rest = instance.get_paginated_dynamic_partitions("shops", 2, True, page.cursor)
    assert (page.results, page.has_more, rest.results, rest.has_more) == (
        (["corner", "station"], True, ["port"], False)
    )
    assert instance.get_existing_dynamic_partitions("shops", ["port", "moon"]) == {"port"}
    before = instance.get_dynamic_partitions_definition_id("shops")
    instance.delete_dynamic_partition("shops", "port")
    assert len(before) == 40
    assert instance.get_dynamic_partitions_definition_id("shops") != before
