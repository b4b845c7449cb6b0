"""Resources inside resources: lists, tuples and dicts, and the start and stop of each."""

# ruff: noqa: RUF012 - defaults of pydantic fields are copied

from __future__ import annotations

from typing import Any, Dict, List, Optional, Union  # noqa: UP035 - users write both forms

import pydantic
import pytest

from dagflow import (
    ConfigurableResource,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowResourceFunctionError,
    EnvVar,
    OpExecutionContext,
    ResourceDefinition,
    ResourceDependency,
    build_init_resource_context,
    build_op_context,
    build_resources,
    job,
    op,
    resource,
)

story: list[str] = []


@pytest.fixture(autouse=True)
def _new_story() -> None:
    story.clear()


class Mill(ConfigurableResource[Any]):
    name: str = "mill"
    grams: int = 18

    def setup_for_execution(self, context: Any) -> None:
        if self.name == "broken":
            raise RuntimeError("the mill is broken")
        story.append(f"+{self.name}")

    def teardown_after_execution(self, context: Any) -> None:
        story.append(f"-{self.name}")


class ListShop(ConfigurableResource[Any]):
    mills: list[Mill]


class DictShop(ConfigurableResource[Any]):
    mills: dict[str, Mill]


class TupleShop(ConfigurableResource[Any]):
    mills: tuple[Mill, ...]


class PairShop(ConfigurableResource[Any]):
    mills: tuple[Mill, Mill]


class MaybeShop(ConfigurableResource[Any]):
    mills: Optional[List[Mill]] = None  # noqa: UP006, UP045


class UnionShop(ConfigurableResource[Any]):
    mills: Union[List[Mill], None]  # noqa: UP006, UP007


class DeepShop(ConfigurableResource[Any]):
    mills: Dict[str, List[Mill]]  # noqa: UP006


class AnyShop(ConfigurableResource[Any]):
    mills: list[ResourceDependency[Any]]


@op(required_resource_keys={"shop"})
def look(context: OpExecutionContext) -> Any:
    return context.resources.shop.mills


def run(shop: Any, run_config: Any = None, **others: Any) -> Any:
    made = job(name="j", resource_defs={"shop": shop, **others})(lambda: (look(), None)[1])
    return made.execute_in_process(run_config).output_for_node("look")


A, B = Mill(name="a"), Mill(name="b")


@pytest.mark.parametrize(
    ("shop", "mills"),
    [
        (ListShop(mills=[A, B]), [A, B]),
        (DictShop(mills={"x": A, "y": B}), {"x": A, "y": B}),
        (TupleShop(mills=(A, B)), (A, B)),
        (PairShop(mills=(A, B)), (A, B)),
        (MaybeShop(mills=[A, B]), [A, B]),
        (UnionShop(mills=[A, B]), [A, B]),
        (DeepShop(mills={"x": [A], "y": [B]}), {"x": [A], "y": [B]}),
        (AnyShop(mills=[A, B]), [A, B]),
        (ListShop.configure_at_launch(mills=[A, B]), [A, B]),
        (TupleShop.configure_at_launch(mills=(A, B)), (A, B)),
    ],
)
def test_each_resource_in_a_container_starts_and_stops(shop: Any, mills: Any) -> None:
    """The resources of a container start in order and stop in reverse order, in a run and outside of one."""
    assert run(shop) == mills
    assert story == ["+a", "+b", "-b", "-a"]

    with build_resources({"shop": shop}) as resources:
        assert resources.shop.mills == mills
        assert story[4:] == ["+a", "+b"]
    with build_op_context({"shop": shop}) as context:
        assert look(context) == mills


def test_an_optional_container_without_resources() -> None:
    """A container may be None or empty."""
    assert run(MaybeShop()) is None
    assert run(ListShop(mills=[])) == []
    assert run(MaybeShop.configure_at_launch()) is None


@pytest.mark.parametrize(
    ("cls", "config", "mills"),
    [
        (ListShop, [{"name": "a"}, {"name": "b", "grams": 9}], [A, Mill(name="b", grams=9)]),
        (DictShop, {"x": {"name": "a"}, "y": {"name": "b"}}, {"x": A, "y": B}),
        (MaybeShop, [{"name": "a"}, {"name": "b"}], [A, B]),
        (DeepShop, {"x": [{"name": "a"}], "y": [{"name": "b"}]}, {"x": [A], "y": [B]}),
    ],
)
def test_resources_of_a_container_from_config(cls: Any, config: Any, mills: Any) -> None:
    """Config makes the resources of a list or dict, and each of them starts and stops."""
    given = {"resources": {"shop": {"config": {"mills": config}}}}

    assert run(cls.configure_at_launch(), given) == mills
    assert story == ["+a", "+b", "-b", "-a"]


def test_config_replaces_the_given_resources() -> None:
    """Config of the run replaces the objects in a list."""
    given = {"resources": {"shop": {"config": {"mills": [{"name": "c"}]}}}}

    assert run(ListShop(mills=[A, B]), given) == [Mill(name="c")]
    assert story == ["+c", "-c"]


def test_config_of_a_container_is_checked() -> None:
    """A mistake in the config of a resource in a list is a config error with its path."""
    with pytest.raises(DagflowInvalidConfigError, match=r"resources:shop:config:mills\[0\]:grams"):
        run(ListShop.configure_at_launch(), {"resources": {"shop": {"config": {"mills": [{"grams": "x"}]}}}})
    with pytest.raises(DagflowInvalidConfigError, match="mills"):
        run(ListShop.configure_at_launch())


def test_environment_variables_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resources of a container may have environment variables, read when the run starts."""
    monkeypatch.setenv("MILL", "from the environment")

    assert run(ListShop(mills=[Mill(name=EnvVar("MILL")), A])) == [Mill(name="from the environment"), A]
    assert story[:2] == ["+from the environment", "+a"]


def test_definitions_in_a_container() -> None:
    """A container may hold definitions and resources of the run config beside objects; they are shared."""

    @resource
    def kettle() -> Any:
        story.append("+kettle")
        yield "kettle"
        story.append("-kettle")

    shared = Mill.configure_at_launch(name="shared")
    given = {"resources": {"mill": {"config": {"grams": 1}}}}

    mills = run(AnyShop(mills=[A, shared, kettle, 3]), given, mill=shared)

    assert mills == [A, Mill(name="shared", grams=1), "kettle", 3]
    assert story == ["+shared", "+a", "+kettle", "-kettle", "-a", "-shared"]
    assert run(ListShop(mills=[A, shared]), given, mill=shared) == [A, Mill(name="shared", grams=1)]


def test_a_resource_of_the_run_config_in_a_container_without_a_key() -> None:
    """A resource in a container that takes config from the run config needs a key of its own."""

    class Needy(ConfigurableResource[Any]):
        grams: int

    with pytest.raises(DagflowInvalidDefinitionError, match="must be provided as a top level resource"):
        run(AnyShop(mills=[Needy.configure_at_launch()]))


def test_resources_inside_the_resources_of_a_container() -> None:
    """A resource in a list may contain resources, also with config from the environment."""

    class Bar(ConfigurableResource[Any]):
        shop: ListShop
        mill: Mill

    class Street(ConfigurableResource[Any]):
        mills: list[Bar]

    bar = Bar(shop=ListShop(mills=[A]), mill=B)

    assert run(Street(mills=[bar])) == [bar]
    assert story == ["+a", "+b", "-b", "-a"]


def test_private_state_of_the_given_resources() -> None:
    """An object in a list keeps its private attributes; each run has a copy of its own."""

    class Counting(ConfigurableResource[Any]):
        _cups: list[int] = pydantic.PrivateAttr(default_factory=list)

        def cups(self) -> list[int]:
            return self._cups

    class Shop(ConfigurableResource[Any]):
        mills: list[Counting]

    counting = Counting()
    counting.cups().append(1)

    (first,) = run(Shop(mills=[counting]))

    assert first is not counting
    assert first.cups() == [1]


def test_a_resource_of_a_container_that_cannot_start() -> None:
    """If one resource of a container cannot start, those before it are stopped."""
    with pytest.raises(DagflowResourceFunctionError, match="the mill is broken"):
        run(ListShop(mills=[A, Mill(name="broken"), B]))

    assert story == ["+a", "-a"]


def test_a_required_nested_resource_that_was_not_given() -> None:
    """A class that takes its config at launch is refused by name if it lacks a nested resource."""

    class One(ConfigurableResource[Any]):
        mill: Mill

    class Other(ConfigurableResource[Any]):
        mill: ResourceDependency[Mill]

    for cls in (One, Other):
        with pytest.raises(
            DagflowInvalidDefinitionError, match=rf"{cls.__name__}\.configure_at_launch\(mill="
        ):
            job(name="j", resource_defs={"shop": cls.configure_at_launch()})(lambda: None)
        with (
            pytest.raises(DagflowInvalidDefinitionError, match="nested_resources"),
            cls.from_resource_context_cm(build_init_resource_context()),
        ):
            pass


class Default(ConfigurableResource[Any]):
    mill: Mill = Mill(name="default")
    mills: list[Mill] = [Mill(name="in a list")]
    cups: int = 1


@pytest.mark.parametrize("nested", [None, {"mill": Mill(name="given")}])
def test_nested_resources_in_a_resource_function(nested: Any) -> None:
    """`from_resource_context_cm` starts and stops nested resources, the given ones and defaults."""

    @resource(config_schema=Default.to_config_schema())
    def shop(context: Any) -> Any:
        with Default.from_resource_context_cm(context, nested_resources=nested) as made:
            story.append(made.mill.name)
            yield made

    name = "given" if nested else "default"

    assert run(shop, {"resources": {"shop": {"config": {"cups": 2}}}}) == [Mill(name="in a list")]
    assert story == [f"+{name}", "+in a list", name, "-in a list", f"-{name}"]


def test_a_resource_that_contains_itself() -> None:
    """A resource class may contain itself."""

    class Node(ConfigurableResource[Any]):
        name: str
        child: Optional["Node"] = None  # noqa: UP037, UP045
        mills: list["Node"] = []  # noqa: UP037

    Node.model_rebuild(_types_namespace={"Node": Node})
    made = Node(name="a", child=Node(name="b"), mills=[Node(name="c", mills=[Node(name="d")])])

    assert run(made) == made.mills


def test_the_definition_of_a_hardcoded_value_in_a_list() -> None:
    """A definition of a value in a list is replaced by the value."""
    assert run(AnyShop(mills=[ResourceDefinition.hardcoded_resource(5)])) == [5]


@pytest.mark.parametrize("make", [lambda mill: [mill], lambda mill: {"big": mill}], ids=["list", "dict"])
def test_a_dependency_on_several_resources(make: Any) -> None:
    """A ResourceDependency of a list or dict of resources starts and stops each of them."""

    class Dependent(ConfigurableResource[Any]):
        mills: ResourceDependency[list[Mill] | dict[str, Mill]]

    assert run(Dependent(mills=make(Mill(name="own")))) == make(Mill(name="own"))
    assert story == ["+own", "-own"]


def test_a_dependency_on_a_resource_that_is_a_list() -> None:
    """A ResourceDependency of a list of resources takes one resource whose value is the list."""

    class Dependent(ConfigurableResource[Any]):
        mills: ResourceDependency[list[Mill]]

    assert run(Dependent(mills=ResourceDefinition.hardcoded_resource([5]))) == [5]
