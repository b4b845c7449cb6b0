"""Code of a user that must type-check: config and resources as classes, and parameters that take them."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

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
