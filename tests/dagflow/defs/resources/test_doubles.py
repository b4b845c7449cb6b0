"""Doubles as resources: an object that answers to every attribute is itself the resource."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import GeneratorType
from typing import Any
from unittest.mock import MagicMock, Mock, NonCallableMock, create_autospec

import pytest

from dagflow import (
    Any as AnyType,
)
from dagflow import (
    CheckError,
    ConfigurableResource,
    ConfigurableResourceFactory,
    DagflowInvalidMetadata,
    Definitions,
    DynamicOut,
    DynamicOutput,
    EnvVar,
    IAttachDifferentObjectToOpContext,
    IOManager,
    IOManagerDefinition,
    JobDefinition,
    LoggerDefinition,
    MaterializeResult,
    MetadataValue,
    Out,
    Output,
    ResourceDefinition,
    ResourceDependency,
    ResourceParam,
    asset,
    build_asset_context,
    build_hook_context,
    build_init_resource_context,
    build_input_context,
    build_op_context,
    build_output_context,
    build_resources,
    graph,
    job,
    materialize,
    materialize_to_memory,
    op,
    resource,
    success_hook,
    with_resources,
)

pytestmark = pytest.mark.filterwarnings(  # unittest.mock reads all attributes of a model
    "ignore::DeprecationWarning"
)


class Database(ConfigurableResource[Any]):
    """A resource that tests replace by a double."""

    url: str = "sqlite://"

    def read(self) -> int:
        return 1


class Answers:
    """An object that answers to every attribute, as a proxy of a remote service does."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return Answers()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return Answers()


DOUBLES: dict[str, Callable[[], Any]] = {
    "Mock": Mock,
    "MagicMock": MagicMock,
    "NonCallableMock": NonCallableMock,
    "an object that answers all": Answers,
    "autospec of the class": lambda: create_autospec(Database),
    "autospec of an object": lambda: create_autospec(Database, instance=True),
    "spec of the class": lambda: MagicMock(spec=Database),
    "spec of an object": lambda: Mock(spec=Database()),
    "spec of a factory": lambda: Mock(spec=ConfigurableResourceFactory),
    "spec of a definition": lambda: MagicMock(spec=ResourceDefinition),
    "autospec of a definition": lambda: create_autospec(ResourceDefinition, instance=True),
    "spec of an I/O manager": lambda: Mock(spec=IOManager),
    "spec of a definition of an I/O manager": lambda: Mock(spec=IOManagerDefinition),
    "autospec of a partial resource": lambda: create_autospec(Database.configure_at_launch(), instance=True),
    "spec of a resource with two objects": lambda: Mock(spec=IAttachDifferentObjectToOpContext),
    "spec of a generator": lambda: Mock(spec=GeneratorType),
    "spec of a context manager": lambda: MagicMock(spec=contextlib.AbstractContextManager),
    "spec of an environment variable": lambda: Mock(spec=EnvVar),
    "spec of an output": lambda: Mock(spec=Output),
}
every_double = pytest.mark.parametrize("make", DOUBLES.values(), ids=DOUBLES)

received: list[Any] = []
"""The resources that the functions below have received."""


@pytest.fixture(autouse=True)
def _nothing_received() -> None:
    received.clear()


@op
def by_parameter(r: ResourceParam[Any]) -> None:
    """An op that receives the resource as a parameter."""
    received.append(r)


@op(required_resource_keys={"r"})
def by_context(context: Any) -> None:
    """An op that reads the resource from its context."""
    received.append(context.resources.r)


@asset
def asset_by_parameter(r: ResourceParam[Any]) -> None:
    """An asset that receives the resource as a parameter."""
    received.append(r)


@asset(required_resource_keys={"r"})
async def asset_by_context(context: Any) -> None:
    """An async asset that reads the resource from its context."""
    received.append(context.resources.r)


@asset
def asset_of_class(r: Database) -> None:
    """An asset whose parameter is annotated with the class of the resource."""
    received.append(r)


@graph
def both() -> None:
    """A graph of both ops."""
    by_parameter()
    by_context()


class Shop(ConfigurableResource[Any]):
    """A resource with any other resource inside."""

    r: ResourceDependency[Any]


class DatabaseShop(ConfigurableResource[Any]):
    """A resource with a resource of a class inside."""

    r: Database


@op
def inside(shop: ResourceParam[Any]) -> None:
    """An op that reads the resource inside another one."""
    received.append(shop.r)


@graph
def shopping() -> None:
    """A graph of this op."""
    inside()


ASSETS = [asset_by_parameter, asset_by_context, asset_of_class]


def by_asset(double: Any) -> None:
    @asset(resource_defs={"r": double})
    def own(r: ResourceParam[Any]) -> None:
        received.append(r)

    materialize([own])
    own()


def by_build_resources(double: Any) -> None:
    with build_resources({"r": double, "shop": Shop(r=double)}) as resources:
        received.extend([resources.r, resources.shop.r])


def by_another_resource(double: Any) -> None:
    @resource(required_resource_keys={"given"})
    def r(context: Any) -> Any:
        return context.resources.given

    received.append(r(build_init_resource_context(resources={"given": double})))
    materialize([asset_by_parameter], resources={"r": r, "given": double})


def by_function(double: Any) -> None:
    materialize([asset_by_parameter], resources={"r": ResourceDefinition(lambda: double)})


def by_hook(double: Any) -> None:
    @success_hook(required_resource_keys={"r"})
    def read(context):
        received.append(context.resources.r)

    read(build_hook_context(resources={"r": double}))


def by_definitions(double: Any) -> None:
    @job
    def reading() -> None:
        by_parameter()
        by_context()

    definitions = Definitions(assets=ASSETS, jobs=[reading], resources={"r": double})
    definitions.get_job_def("reading").execute_in_process()
    definitions.get_implicit_global_asset_job_def().execute_in_process()


ENTRANCES: dict[str, Callable[[Any], Any]] = {
    "JobDefinition": lambda double: JobDefinition(
        name="j", graph_def=both, resource_defs={"r": double}
    ).execute_in_process(),
    "to_job": lambda double: both.to_job(resource_defs={"r": double}).execute_in_process(),
    "execute_in_process of a graph": lambda double: both.execute_in_process(resources={"r": double}),
    "materialize": lambda double: materialize(ASSETS, resources={"r": double}),
    "materialize_to_memory": lambda double: materialize_to_memory(ASSETS, resources={"r": double}),
    "Definitions": by_definitions,
    "with_resources": lambda double: materialize(with_resources(ASSETS, {"r": double})),
    "resource_defs of an asset": by_asset,
    "build_op_context": lambda double: [
        one(build_op_context(resources={"r": double})) for one in (by_parameter, by_context)
    ],
    "build_asset_context": lambda double: [
        one(build_asset_context(resources={"r": double})) for one in (asset_by_parameter, asset_of_class)
    ],
    "direct call": lambda double: [one(r=double) for one in (by_parameter, asset_of_class)],
    "build_resources": by_build_resources,
    "build_init_resource_context": by_another_resource,
    "contexts of I/O": lambda double: received.extend(
        [
            build_output_context(resources={"r": double}).resources.r,
            build_input_context(resources={"r": double}).resources.r,
        ]
    ),
    "hook": by_hook,
    "result of a function": by_function,
    "hardcoded": lambda double: materialize(
        [asset_by_parameter], resources={"r": ResourceDefinition.hardcoded_resource(double)}
    ),
    "ResourceDependency": lambda double: shopping.execute_in_process(resources={"shop": Shop(r=double)}),
    "ResourceDependency at launch": lambda double: shopping.execute_in_process(
        resources={"shop": Shop.configure_at_launch(r=double)}
    ),
    "process_config_and_initialize": lambda double: received.append(
        Shop(r=double).process_config_and_initialize().r
    ),
}


@every_double
@pytest.mark.parametrize("entrance", ENTRANCES.values(), ids=ENTRANCES)
def test_a_double_is_the_resource(entrance: Callable[[Any], Any], make: Callable[[], Any]) -> None:
    """User code receives the double itself, at every entrance for resources."""
    double = make()
    entrance(double)

    assert received
    assert all(value is double for value in received)


@pytest.mark.parametrize("make", [Mock, MagicMock, lambda: create_autospec(Database, instance=True)])
def test_a_double_in_a_field_of_a_class(make: Callable[[], Any]) -> None:
    """A field that is annotated with a resource class takes a double, as a parameter of an op does."""
    double = make()
    shopping.execute_in_process(resources={"shop": DatabaseShop(r=double)})

    assert received == [double]


def test_a_double_can_be_programmed() -> None:
    """The double answers in a run as the test has told it, and remembers the calls."""

    @asset
    def rows(r: Database) -> int:
        return r.read()

    double = create_autospec(Database, instance=True)
    double.read.return_value = 7

    assert materialize_to_memory([rows], resources={"r": double}).output_for_node("rows") == 7
    double.read.assert_called_once_with()


class Wrapped:
    """A plain class that declares the method of resources."""

    def get_resource_definition(self) -> ResourceDefinition:
        return ResourceDefinition.hardcoded_resource("unwrapped")


def test_a_class_that_declares_the_method_is_unwrapped() -> None:
    """An object is unwrapped if its class declares `get_resource_definition`."""
    by_parameter(r=Wrapped())

    assert received == ["unwrapped"]


@pytest.mark.parametrize("make", [MagicMock, lambda: create_autospec(IOManager, instance=True), Answers])
def test_a_double_as_an_io_manager(make: Callable[[], Any]) -> None:
    """A double of an I/O manager stores and loads, and what its methods return is not read as metadata."""
    double = make()
    if not isinstance(double, Answers):
        double.load_input.return_value = 7

    class AnswersNone(Answers):
        def handle_output(self, context: Any, obj: Any) -> None: ...

        def load_input(self, context: Any) -> int:
            return 7

    @asset
    def up() -> int:
        return 1

    @asset
    def down(up: int) -> int:
        received.append(up)
        return up

    manager = AnswersNone() if isinstance(double, Answers) else double
    assert materialize([up, down], resources={"io_manager": manager}).success
    assert received == [7]


@every_double
def test_a_double_as_a_value(make: Callable[[], Any]) -> None:
    """A double that an op returns is the value of its output: alone, beside others, or dynamic."""
    double = make()

    @op
    def one() -> Any:
        return double

    @op(out={"left": Out(), "right": Out()})
    def two() -> Any:
        return double, double

    @op(out=DynamicOut())
    def many() -> Any:
        yield DynamicOutput(double, "a")

    @op
    async def later() -> Any:
        return double

    @op
    def keep(value: Any) -> None:
        received.append(value)

    @graph
    def all_of_them() -> None:
        left, right = two()
        for value in (one(), left, right, later()):
            keep(value)
        many().map(keep)

    all_of_them.execute_in_process()
    keep(double)

    assert len(received) == 6
    assert all(value is double for value in received)


def test_a_hook_is_not_attached_to_a_double() -> None:
    """A hook that is called with a double of a context refuses it, instead of calling its `with_hooks`."""

    @success_hook
    def tell(context):
        received.append(context)

    double = MagicMock()
    with pytest.raises(Exception, match="'context' of hook 'tell'"):
        tell(double)
    double.with_hooks.assert_not_called()


@pytest.mark.parametrize("make", [Mock, MagicMock, Answers])
def test_a_double_as_the_function_of_a_definition(make: Callable[[], Any]) -> None:
    """A double that is the function of a resource or logger is called; it has no file and line."""
    definition = ResourceDefinition(make())

    assert definition.place == "unknown place"
    with build_resources({"r": definition}) as resources:
        assert isinstance(resources.r, (Mock, Answers))
    assert LoggerDefinition(make()).parameter is not None


@pytest.mark.parametrize("make", [Mock, MagicMock, Answers])
def test_a_double_in_config(make: Callable[[], Any]) -> None:
    """A double in config is a value of any type, and not an environment variable or a run config."""
    double = make()

    @op(config_schema={"given": AnyType})
    def configured(context: Any) -> None:
        received.append(context.op_config["given"])

    @graph
    def one() -> None:
        configured()

    one.execute_in_process(run_config={"ops": {"configured": {"config": {"given": double}}}})

    assert received == [double]
    with pytest.raises(CheckError, match="must be a mapping"):
        one.execute_in_process(run_config=double)
    with pytest.raises(CheckError, match="must be a mapping"):
        one.to_job(config=double)


@every_double
def test_a_double_is_no_metadata(make: Callable[[], Any]) -> None:
    """A double in metadata is refused, also one that claims to be a metadata value, a string or a path."""
    for double in (make(), Mock(spec=MetadataValue), MagicMock(spec=str), MagicMock(spec=Path)):
        with pytest.raises(DagflowInvalidMetadata, match="'rows' in the metadata of a MaterializeResult"):
            MaterializeResult(metadata={"rows": double})


@pytest.mark.parametrize("double", [Mock(size=3), MagicMock(size=3), Mock(spec=["size"], size=3)])
def test_a_double_in_a_list_of_resources(double: Any) -> None:
    """A double is accepted in a list or dict of resources, as in a field of one resource."""

    class Item(ConfigurableResource[Any]):
        size: int = 1

    class Rack(ConfigurableResource[Any]):
        first: Item
        items: list[Item]
        named: dict[str, Item]

    rack = Rack(first=double, items=[Item(), double], named={"a": double})

    with build_resources({"rack": rack}) as started:
        assert started.rack.first is double
        assert started.rack.items == [Item(), double]
        assert started.rack.named == {"a": double}
