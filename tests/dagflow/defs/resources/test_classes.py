"""Resource classes: config, nesting, start and stop, and separation of runs."""

from __future__ import annotations

import contextlib
import copy
import pickle
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

import pydantic
import pytest

from dagflow import (
    Config,
    ConfigurableResource,
    ConfigurableResourceFactory,
    EnvVar,
    IAttachDifferentObjectToOpContext,
    ResourceDefinition,
    ResourceDependency,
    ResourceParam,
    RunConfig,
    asset,
    build_init_resource_context,
    build_op_context,
    build_resources,
    configured,
    job,
    materialize_to_memory,
    op,
    resource,
)
from dagflow.defs.resources.definition import as_resource
from dagflow.defs.resources.needs import needed_keys
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPythonicConfigDefinitionError,
    DagflowMissingResourceError,
    DagflowResourceFunctionError,
)

story: list[str] = []


@pytest.fixture(autouse=True)
def _new_story() -> None:
    story.clear()


class Boiler(ConfigurableResource[Any]):
    """A resource that records its start and stop."""

    name: str = "boiler"

    def setup_for_execution(self, context: Any) -> None:
        story.append(f"{self.name} on")

    def teardown_after_execution(self, context: Any) -> None:
        story.append(f"{self.name} off")


class Kettle(ConfigurableResource[Any]):
    """A resource with config and a nested resource."""

    url: str
    pool: int = 2
    boiler: Boiler | None = None

    @cached_property
    def label(self) -> str:
        """A property that is cached for each object."""
        story.append("label")
        return f"{self.url}/{self.pool}"


@op
def boil(kettle: Kettle) -> Any:
    """An op with a resource parameter."""
    story.append("boil")
    return kettle.url, kettle.pool, kettle.boiler and kettle.boiler.name


def _run(run_config: Any = None, **resources: Any) -> Any:
    made = job(name="j", resource_defs=resources)(lambda: (boil(), None)[1])
    return made.execute_in_process(run_config).output_for_node("boil")


def test_an_object_is_a_resource() -> None:
    """An object works for jobs, runs, assets, contexts and build_resources."""

    @asset
    def water(kettle: Kettle) -> int:
        return kettle.pool

    kettle = Kettle(url="u", pool=3)
    assert _run(kettle=kettle) == ("u", 3, None)
    assert materialize_to_memory([water], resources={"kettle": kettle}).output_for_node("water") == 3
    assert boil(build_op_context(resources={"kettle": kettle})) == ("u", 3, None)
    with build_resources({"kettle": kettle}) as resources:
        assert resources.kettle == kettle


def test_run_config_replaces_the_config_of_an_object() -> None:
    """It replaces the config as a whole, so required fields must be given again."""
    kettle = Kettle(url="u", pool=3)

    assert _run({"resources": {"kettle": {"config": {"url": "v"}}}}, kettle=kettle) == ("v", 2, None)
    assert _run(RunConfig(resources={"kettle": Kettle(url="w")}), kettle=kettle) == ("w", 2, None)
    with pytest.raises(DagflowInvalidConfigError, match='Missing required config entry "url"'):
        _run({"resources": {"kettle": {"config": {"pool": 5}}}}, kettle=kettle)


def test_config_at_launch() -> None:
    """The config comes from the run config; the given values are defaults of its fields."""
    late = Kettle.configure_at_launch(pool=7)

    assert _run({"resources": {"kettle": {"config": {"url": "v"}}}}, kettle=late) == ("v", 7, None)
    with pytest.raises(DagflowInvalidConfigError, match='Missing required config entry "resources"'):
        _run(kettle=late)
    with pytest.raises(DagflowInvalidInvocationError, match=r"\['litres'\].*\['url', 'pool', 'boiler'\]"):
        Kettle.configure_at_launch(litres=2)


def test_nested_resources_live_inside() -> None:
    """They start before and stop after; each outer resource has its own, also of an object with a key."""
    assert _run(kettle=Kettle(url="u", boiler=Boiler(name="b"))) == ("u", 2, "b")
    assert story == ["b on", "boil", "b off"]
    story.clear()
    shared = Boiler(name="s")

    with build_resources({"kettle": Kettle(url="u", boiler=shared), "b": shared}):
        assert story == ["s on", "s on"]
    assert story == ["s on", "s on", "s off", "s off"]


def test_a_nested_resource_at_launch() -> None:
    """It takes the config of its own key; without a key it raises."""
    late = Boiler.configure_at_launch()
    kettle = Kettle(url="u", boiler=late)  # type: ignore[arg-type]

    given = {"resources": {"b": {"config": {"name": "late"}}}}
    assert _run(given, kettle=kettle, b=late) == ("u", 2, "late")
    needs_config = Kettle.configure_at_launch()

    class Shop(ConfigurableResource[Any]):
        kettle: ResourceDependency[Any]

    with pytest.raises(DagflowInvalidDefinitionError, match="must be provided as a top level resource"):
        needed_keys(Shop(kettle=needs_config).get_resource_definition(), {})


def test_a_dependency_takes_what_makes_it() -> None:
    """It accepts an object, a definition, and a plain value."""

    class Door:
        def __enter__(self) -> Any:
            raise AssertionError("entered")

        def __exit__(self, *_: object) -> None: ...

    class Shop(ConfigurableResource[Any]):
        part: ResourceDependency[Any]

    @resource(config_schema={"n": int})
    def made(context: Any) -> Iterator[int]:
        story.append("open")
        yield context.resource_config["n"]
        story.append("closed")

    door = Door()
    for given, expected in [
        (Boiler(name="x"), Boiler(name="x")),
        (door, door),
        (made.configured({"n": 4}), 4),
    ]:
        with build_resources({"shop": Shop(part=given)}) as resources:
            assert resources.shop.part == expected
    assert story == ["x on", "x off", "open", "closed"]


def test_a_nested_default_and_dict() -> None:
    """A field has its default, or an object that pydantic builds from a dict."""

    class Shop(ConfigurableResource[Any]):
        kettle: Kettle = Kettle(url="default")

    assert Shop(kettle={"url": "d"}).kettle == Kettle(url="d")  # type: ignore[arg-type]
    with build_resources({"a": Shop(), "b": Shop.configure_at_launch()}) as resources:
        assert resources.a.kettle.url == resources.b.kettle.url == "default"


class Yielding(ConfigurableResource[Any]):
    """A resource with one context manager instead of two methods."""

    @contextlib.contextmanager
    def yield_for_execution(self, context: Any) -> Iterator[Any]:
        story.append("in")
        yield self
        story.append("out")


class Factory(ConfigurableResourceFactory[int]):
    """A factory of an integer."""

    n: int

    def create_resource(self, context: Any) -> Iterator[int]:  # type: ignore[override]
        story.append("make")
        yield 2 * self.n
        story.append("unmake")


@op
def use(a: ResourceParam[Any], b: ResourceParam[int]) -> int:
    """An op that returns all its resources."""
    story.append("use")
    return b


def test_context_managers_and_factories() -> None:
    """They are stopped in reverse order."""
    made = job(name="j", resource_defs={"a": Yielding(), "b": Factory(n=4)})(lambda: (use(), None)[1])

    assert made.execute_in_process().output_for_node("use") == 8
    assert story == ["in", "make", "use", "unmake", "out"]


def test_what_fails_while_starting() -> None:
    """The error names the key; started resources are stopped, the failed one is not."""

    class Broken(Boiler):
        def setup_for_execution(self, context: Any) -> None:
            raise ValueError("cold")

    with pytest.raises(DagflowResourceFunctionError, match=r"'kettle'.*ValueError: cold") as caught:
        _run(kettle=Kettle(url="u", boiler=Broken()))
    assert isinstance(caught.value.user_exception, ValueError)
    assert story == []
    with pytest.raises(DagflowResourceFunctionError, match="'kettle'"):
        _run(kettle=Broken(), boiler=Boiler())


def test_runs_do_not_share_objects() -> None:
    """Each run has its own object, with private attributes, but without cached properties."""

    class Counting(ConfigurableResource[Any]):
        _client: Any = pydantic.PrivateAttr(default=None)

        @cached_property
        def number(self) -> int:
            story.append("number")
            return 1

    given = Counting()
    given._client = "mock"  # noqa: SLF001 - as a user does
    assert given.number == 1

    @op(required_resource_keys={"counting"})
    def look(context: Any) -> Any:
        counting = context.resources.counting
        return counting is given, counting._client, counting.number  # noqa: SLF001

    made = job(name="j", resource_defs={"counting": given})(lambda: (look(), None)[1])
    assert made.execute_in_process().output_for_node("look") == (False, "mock", 1)
    assert story == ["number", "number"]


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read by each run, also in lists, nested config and nested resources."""

    class Deep(ConfigurableResource[Any]):
        names: list[str]
        inner: Settings
        kettle: Kettle

    deep = Deep(names=[EnvVar("A")], inner=Settings(text=EnvVar("A")), kettle=Kettle(url=EnvVar("A")))
    with pytest.raises(DagflowInvalidConfigError, match='"A" which is not set'):
        deep.process_config_and_initialize()
    for value in "xy":
        monkeypatch.setenv("A", value)
        with build_resources({"deep": deep}) as resources:
            got = resources.deep
            assert (got.names, got.inner.text, got.kettle.url) == ([value], value, value)


class Settings(Config):
    """Nested config."""

    text: str


def test_without_a_run() -> None:
    """A resource starts without a run; one that must be torn down needs a `with` block."""
    assert Kettle(url="u").process_config_and_initialize().url == "u"
    with pytest.raises(CheckError, match="process_config_and_initialize_cm"):
        Boiler().process_config_and_initialize()
    assert story == ["boiler on", "boiler off"]
    with Kettle(url="u", boiler=Boiler(name="c")).process_config_and_initialize_cm() as kettle:
        assert kettle.boiler.name == "c"
        assert story[2:] == ["c on"]
    assert story[2:] == ["c on", "c off"]


def test_in_a_resource_function() -> None:
    """A resource function can create an object of the class from its context."""

    @resource(config_schema=Kettle.to_config_schema())
    def kettle(context: Any) -> Any:
        return Kettle.from_resource_context(context)

    assert kettle(build_init_resource_context({"url": "u"})).url == "u"
    with Boiler.from_resource_context_cm(build_init_resource_context({"name": "n"})) as boiler:
        assert boiler.name == "n"
    assert story == ["n on", "n off"]


def test_the_context_of_a_resource() -> None:
    """It exists after the start of the resource."""
    with pytest.raises(CheckError, match="before resource was initialized"):
        Kettle(url="u").get_resource_context()
    context = build_init_resource_context()
    assert Kettle(url="u").with_replaced_resource_context(context).get_resource_context() is context

    @asset
    def water(kettle: Kettle) -> Any:
        return kettle.get_resource_context().resource_config

    result = materialize_to_memory([water], resources={"kettle": Kettle(url="u")})
    assert result.output_for_node("water") == {"url": "u", "pool": 2}


def test_equality_and_change() -> None:
    """Objects are equal by their fields, even after the start; a change raises."""
    kettle = Kettle(url="u")
    kettle.get_resource_definition()
    assert kettle == Kettle(url="u") != Kettle(url="v")
    assert kettle.process_config_and_initialize() == kettle
    with pytest.raises(DagflowInvalidInvocationError, match=r"'Kettle' is a Pythonic resource.*PrivateAttr"):
        kettle.url = "v"


def test_one_definition_for_one_object() -> None:
    """The definition of an object is always the same one."""
    kettle, late = Kettle(url="u"), Kettle.configure_at_launch()

    assert as_resource(kettle) is as_resource(kettle)
    assert as_resource(late) is as_resource(late)
    assert repr(as_resource(late)) == "<resource Kettle.configure_at_launch({})>"
    with pytest.raises(DagflowInvalidDefinitionError, match=r"Kettle\.configure_at_launch\(\)"):
        as_resource(Kettle)


def test_copies() -> None:
    """A copy has its own definition; an object can be pickled after a run."""
    kettle = Kettle(url="u")
    assert _run(kettle=kettle) == ("u", 2, None)

    assert _run(kettle=kettle.model_copy(update={"url": "v"})) == ("v", 2, None)
    assert pickle.loads(pickle.dumps(kettle)) == kettle
    assert _run(kettle=copy.deepcopy(kettle)) == ("u", 2, None)


def test_configured_classes() -> None:
    """A function makes the config of a resource class."""

    @configured(Kettle, config_schema={"n": int})
    def kettles(given: Any) -> Any:
        return Kettle(url="f", pool=given["n"])

    assert _run({"resources": {"kettle": {"config": {"n": 9}}}}, kettle=kettles) == ("f", 9, None)


def test_resources_of_direct_calls() -> None:
    """They are arguments, start and stop around the call, and are in the context."""

    @op
    def look(context: Any, boiler: Boiler, n: int) -> Any:
        story.append("look")
        return context.resources.boiler is boiler, n

    assert look(build_op_context(), Boiler(), 3) == (True, 3)
    assert look(build_op_context(), n=3, boiler=Boiler()) == (True, 3)
    assert story == ["boiler on", "look", "boiler off"] * 2
    with build_op_context(resources={"boiler": Boiler()}) as context:
        assert look(context, n=4) == (True, 4)
        with pytest.raises(DagflowInvalidInvocationError, match=r"both context and kwargs.*op 'look'"):
            look(context, n=4, boiler=Boiler())
    with pytest.raises(DagflowMissingResourceError, match="'kettle' required by op 'boil'") as caught:
        boil()
    assert isinstance(caught.value, KeyError)


def test_a_generator_is_stopped_when_it_ends() -> None:
    """Its resources are stopped when it ends."""
    from dagflow import Output

    @op
    def each(boiler: Boiler) -> Iterator[Any]:
        story.append("each")
        yield Output(1)

    assert [item.value for item in each(Boiler())] == [1]
    assert story == ["boiler on", "each", "boiler off"]


class Migrating(ConfigurableResource[Any], IAttachDifferentObjectToOpContext):
    """A resource with another object for contexts."""

    def get_object_to_set_on_execution_context(self) -> str:
        return "client"


def test_another_object_for_contexts() -> None:
    """A parameter gets the resource, `context.resources` the other object."""

    @op
    def look(context: Any, it: Migrating) -> Any:
        return context.resources.it, type(it).__name__

    made = job(name="j", resource_defs={"it": Migrating()})(lambda: (look(), None)[1])
    assert made.execute_in_process().output_for_node("look") == ("client", "Migrating")


def test_annotations_that_make_a_resource() -> None:
    """An annotation with a factory or a definition raises."""

    def with_factory(it: Factory) -> None: ...

    def with_definition(it: ResourceDefinition) -> None: ...

    for fn in (with_factory, with_definition):
        with pytest.raises(DagflowInvalidDefinitionError, match=r"'it'.*'ResourceParam\[Any\]'"):
            op(fn)


def test_a_resource_is_no_config() -> None:
    """A resource in a Config class or in a set raises; the message names the correct position."""
    for base, annotation in ((Config, Kettle), (Config, list[Kettle]), (ConfigurableResource, set[Kettle])):
        bad = pydantic.create_model("Bad", x=(annotation, ...), __base__=base)  # type: ignore[call-overload]
        with pytest.raises(
            DagflowInvalidPythonicConfigDefinitionError, match=r"ResourceDependency\[\.\.\.\]"
        ):
            bad.to_config_schema()


def test_abstract_resources() -> None:
    """An abstract class is the annotation; an object of a concrete class is given."""
    from abc import ABC, abstractmethod

    class Machine(ConfigurableResource[Any], ABC):
        kinds: ClassVar[int] = 1

        @abstractmethod
        def run(self) -> str: ...

    class Grinder(Machine):
        def run(self) -> str:
            return "grr"

    class Shop(ConfigurableResource[Any]):
        machine: Machine

    with pytest.raises(TypeError, match="abstract"):
        Machine()  # type: ignore[abstract]
    assert Shop(machine=Grinder()).process_config_and_initialize().machine.run() == "grr"


def test_a_factory_without_its_method() -> None:
    """The error names the missing method."""

    class Empty(ConfigurableResourceFactory[Any]):
        pass

    with pytest.raises(DagflowResourceFunctionError, match="Empty needs a method create_resource"):
        _run(kettle=Empty())


@pytest.mark.parametrize("name", ["setup_for_execution", "teardown_after_execution"])
def test_a_method_that_would_not_run(name: str) -> None:
    """An async method for the start or the end of a resource is refused with its class: nothing awaits it."""

    async def method(self: Any, context: Any) -> None:
        """Do something later."""

    with pytest.raises(
        DagflowInvalidDefinitionError, match=f"'{name}' of the resource class 'Kettle2' .* async"
    ):
        type("Kettle2", (ConfigurableResource,), {name: method, "__module__": __name__})


def test_the_config_that_packages_read() -> None:
    """The private dict that packages for Dagster read has no defaults, except of nested config."""

    class Lid(Config):
        grams: int = 3

    class Kettle3(ConfigurableResource):
        litres: int
        degrees: int = 96
        lid: Lid = Lid()

    with Kettle3(litres=2).process_config_and_initialize_cm() as kettle:
        config = kettle._resolved_config_dict  # noqa: SLF001 - packages read it by this name

    assert config == {"litres": 2, "lid": {"grams": 3}}
