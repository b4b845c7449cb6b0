"""`run_values` reads the values of a run as its readers load them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dagflow import (
    AssetExecutionContext,
    DynamicOut,
    DynamicOutput,
    InputContext,
    IOManager,
    Out,
    Output,
    OutputContext,
    StaticPartitionsDefinition,
    asset,
    fs_io_manager,
    job,
    materialize,
    materialize_to_memory,
    op,
)
from dagflow.testing import run_values


def test_values_have_the_order_of_the_steps() -> None:
    """Mapped steps come with their keys; outputs that were not given are left out."""

    @op(out=DynamicOut())
    def parts() -> list[DynamicOutput[str]]:
        return [DynamicOutput(key, key) for key in "ab"]

    @op(out={"left": Out(), "right": Out(is_required=False)})
    def split(part):  # type: ignore[no-untyped-def]
        yield Output(part, "left")

    @job
    def shop() -> None:
        parts().map(split)

    values = run_values(shop.execute_in_process())

    assert [(value.name, value.value) for value in values] == [
        ("parts", {"a": "a", "b": "b"}),
        ("split[a].left", "a"),
        ("split[b].left", "b"),
    ]


class Doubling(IOManager):
    """An I/O manager that loads twice the stored value."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self.values[context.asset_key] = obj

    def load_input(self, context: InputContext) -> Any:
        return self.values[context.asset_key] * 2


def test_the_value_of_an_asset_is_loaded(tmp_path: Path) -> None:
    """The I/O manager decides the value of an asset, also of a partition."""

    @asset(key_prefix="shop", partitions_def=StaticPartitionsDefinition(["york"]))
    def beans(context: AssetExecutionContext) -> int:
        return 4

    doubled = materialize([beans], partition_key="york", resources={"io_manager": Doubling()})
    files = fs_io_manager.configured({"base_dir": str(tmp_path)})
    stored = materialize([beans], partition_key="york", resources={"io_manager": files})

    assert [(value.name, value.value) for value in run_values(doubled)] == [("shop/beans", 8)]
    assert [value.value for value in run_values(stored)] == [4]


def test_values_are_copies() -> None:
    """A later change by user code does not change the values; a value without a copy is kept."""
    rows: list[int] = [1]
    lock = open

    @asset
    def orders() -> list[int]:
        return rows

    @asset
    def opener() -> object:
        return lock

    values = run_values(materialize_to_memory([orders, opener]))
    rows.append(2)

    assert {value.name: value.value for value in values} == {"orders": [1], "opener": lock}
