"""Config classes that contain themselves."""

# ruff: noqa: RUF012 - defaults of pydantic fields are copied

from __future__ import annotations

from typing import Any, Literal, Optional, Union

import pydantic
import pytest

from dagflow import (
    Config,
    ConfigurableResource,
    RunConfig,
    asset,
    build_resources,
    job,
    materialize_to_memory,
    op,
    validate_run_config,
)
from dagflow.errors import DagflowInvalidConfigError, DagflowInvalidPythonicConfigDefinitionError


class Tree(Config):
    value: int = 0
    left: Optional[Tree] = None  # noqa: UP045 - the old form of the annotation
    more: list[Tree] = []
    named: dict[str, Tree] = {}


class Kitchen(Config):
    owner: Cook | None = None


class Cook(Config):
    name: str
    works_in: Kitchen = pydantic.Field(default_factory=Kitchen)


class Number(Config):
    type: Literal["number"] = "number"
    value: int


class Sum(Config):
    type: Literal["sum"] = "sum"
    left: Union[Number, Sum] = pydantic.Field(discriminator="type")  # noqa: UP007


@op
def grow(config: Tree) -> Any:
    return config


@job
def garden() -> None:
    grow()


NESTED = {"value": 1, "left": {"value": 2}, "more": [{"more": [{"value": 3}]}], "named": {"a": {"value": 4}}}
TREE = Tree(value=1, left=Tree(value=2), more=[Tree(more=[Tree(value=3)])], named={"a": Tree(value=4)})


@pytest.mark.parametrize("given", [{"ops": {"grow": {"config": NESTED}}}, RunConfig({"grow": TREE})])
def test_a_class_that_contains_itself(given: Any) -> None:
    """A Config class may contain itself in Optional, list and dict, from plain config and as an object."""
    assert garden.execute_in_process(given).output_for_node("grow") == TREE


def test_mistakes_deep_inside_are_named() -> None:
    """An error in a class that contains itself has the path of the mistake, and names the class."""
    wrong = {"ops": {"grow": {"config": {"left": {"left": {"leaf": 1, "value": "x"}}}}}}

    with pytest.raises(DagflowInvalidConfigError) as caught:
        validate_run_config(garden, wrong)

    assert {error.path for error in caught.value.errors} == {
        "root:ops:grow:config:left:left",
        "root:ops:grow:config:left:left:value",
    }
    assert "left?: Tree?" in str(caught.value)


def test_classes_that_contain_each_other() -> None:
    """Two Config classes may contain each other, and a default object of one of them is kept."""

    @asset
    def meal(config: Kitchen) -> Any:
        return config

    given = {"owner": {"name": "ann", "works_in": {"owner": {"name": "bob"}}}}
    result = materialize_to_memory([meal], {"ops": {"meal": {"config": given}}})

    assert result.asset_value("meal") == Kitchen(
        owner=Cook(name="ann", works_in=Kitchen(owner=Cook(name="bob")))
    )
    assert Cook(name="cy").to_config_value() == {"name": "cy", "works_in": {}}


def test_a_union_that_contains_itself() -> None:
    """A class may contain itself in a union with a discriminator."""
    config = {"left": {"sum": {"left": {"number": {"value": 3}}}}}

    made = Sum.from_config(config)

    assert made == Sum(left=Sum(left=Number(value=3)))
    assert made.to_config_value() == {"type": "sum", "left": {"sum": {"left": {"number": {"value": 3}}}}}
    assert Sum.to_config_schema().config_type.describe() == (
        "{ left: { number: { value: (Int | { env: String }) } sum: Sum } type?: Literal['sum'] }"
    )


def test_a_resource_with_a_class_that_contains_itself() -> None:
    """The config of a resource class may contain itself too."""

    class Park(ConfigurableResource):
        tree: Tree = Tree(left=Tree(value=5))

    with build_resources({"park": Park()}) as resources:
        assert resources.park.tree.left.value == 5
    with build_resources(
        {"park": Park.configure_at_launch()}, resource_config={"park": {"config": {"tree": NESTED}}}
    ) as resources:
        assert resources.park.tree == TREE


def test_config_that_contains_itself_for_such_a_class() -> None:
    """A dict that contains itself is an error also where the class has no end of its own."""
    endless: dict[str, Any] = {}
    endless["left"] = endless

    with pytest.raises(DagflowInvalidConfigError, match=r"config:left:left.* contains itself"):
        garden.execute_in_process({"ops": {"grow": {"config": endless}}})


def test_a_field_with_an_unknown_name() -> None:
    """A class with an annotation whose name is unknown is refused, with the class and the name."""

    class Cup(Config):
        size: "Missing"  # type: ignore[name-defined]  # noqa: F821, UP037

    class Shelf(ConfigurableResource[Any]):
        size: "Missing"  # type: ignore[name-defined]  # noqa: F821, UP037

    def serve(config: Cup) -> None: ...

    for use, name in [(lambda: op(serve), "Cup"), (Shelf.configure_at_launch, "Shelf")]:
        match = rf"class '{name}' .*the name 'Missing' is not defined"
        with pytest.raises(DagflowInvalidPythonicConfigDefinitionError, match=match):
            build_resources({"it": use()}).__enter__()


class Shelf(Config):
    """A class that names itself in a string inside of a list."""

    size: int = 1
    shelves: list["Shelf"] = []  # noqa: UP037
    boxes: Optional[dict[str, "Shelf"]] = None  # noqa: UP037, UP045


def test_a_class_that_names_itself_in_a_string() -> None:
    """The strings inside of builtin generics are resolved, also by Python 3.10."""

    @op
    def fill(config: Shelf) -> int:
        return config.shelves[0].size + (config.boxes or {})["a"].size

    @op
    def read(shelves: list["Shelf"]) -> None: ...  # noqa: UP037

    @job
    def store() -> None:
        fill()

    given = {"shelves": [{"size": 2}], "boxes": {"a": {"size": 3}}}

    result = store.execute_in_process({"ops": {"fill": {"config": given}}})
    assert result.output_for_node("fill") == 5
    assert read.ins["shelves"].dagflow_type.display_name == "[Shelf]"
