"""Code of a user that must type-check: config and resources as classes, and parameters that take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typing_extensions import assert_type
from upath import UPath

from dagflow import (
    Config,
    ConfigurableIOManager,
    ConfigurableResource,
    ConfigurableResourceFactory,
    EnvVar,
    InputContext,
    OpExecutionContext,
    OutputContext,
    ResourceDependency,
    ResourceParam,
    RunConfig,
    UPathIOManager,
    asset,
    build_resources,
    job,
    op,
)


class Beans(Config):
    """Config of an op."""

    name: str
    grams: int = 18


class Boiler(ConfigurableResource[Any]):
    """A resource."""

    degrees: int = 96


class Kettle(ConfigurableResource[Any]):
    """A resource with nested resources."""

    url: str
    boiler: Boiler
    number: ResourceDependency[int]

    def boil(self) -> int:
        """Read the nested resources."""
        assert_type(self.number, int)
        return self.boiler.degrees + self.number


class Number(ConfigurableResourceFactory[int]):
    """A factory of another object."""

    def create_resource(self, context: Any) -> int:
        return 1


class Shelf(ConfigurableIOManager):
    """An I/O manager."""

    room: str

    def handle_output(self, context: OutputContext, obj: Any) -> None: ...

    def load_input(self, context: InputContext) -> Any: ...


@op
def brew(context: OpExecutionContext, config: Beans, kettle: Kettle, number: ResourceParam[int]) -> int:
    """Take each type of parameter."""
    assert_type(config.grams, int)
    assert_type(number, int)
    return config.grams + kettle.boil() + number


@asset
def cup(config: Beans, kettle: Kettle) -> str:
    """Take the same parameters in an asset."""
    return config.name


kettle = Kettle(url=EnvVar("URL"), boiler=Boiler(degrees=EnvVar.int("DEGREES")), number=Number())
Beans(grams=3)  # type: ignore[call-arg]  # without its name
Kettle(url="u", boiler=Boiler(), number="three")  # type: ignore[arg-type]


@job(
    resource_defs={"kettle": kettle, "number": 3, "io_manager": Shelf(room="attic")},
    config=RunConfig(ops={"brew": Beans(name="mocha")}),
)
def bar() -> None:
    """Use all definitions in a job."""
    brew()


assert_type(kettle.process_config_and_initialize(), Any)
assert_type(Number().process_config_and_initialize(), int)
with build_resources({"kettle": kettle}) as resources:
    resources.kettle.boil()


class TextFiles(UPathIOManager):
    """An I/O manager with files, whose methods annotate the path with their own type."""

    extension: str = ".txt"

    def dump_to_path(self, context: OutputContext, obj: str, path: Path) -> None:
        path.write_text(obj)

    def load_from_path(self, context: InputContext, path: Path) -> str:
        return path.read_text()

    def get_path_for_partition(
        self, context: InputContext | OutputContext, path: Path, partition: str
    ) -> Path:
        return path / f"day={partition}"


class RemoteTextFiles(UPathIOManager):
    """An I/O manager with remote files and async methods."""

    async def dump_to_path(self, context: OutputContext, obj: str, path: UPath) -> None:
        path.write_text(obj)

    async def load_from_path(self, context: InputContext, path: UPath) -> str:
        return path.read_text()


TextFiles(Path("values"))
RemoteTextFiles(UPath("memory://values"))
