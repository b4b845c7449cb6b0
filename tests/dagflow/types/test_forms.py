"""The rarer forms of `typing` as types of inputs and outputs."""
# ruff: noqa: UP006, UP007 - the older spellings are types too

from __future__ import annotations

import collections
import collections.abc as abc
import contextlib
import dataclasses
import enum
import io
import typing
from typing import Any

import pytest
import typing_extensions

from dagflow import AssetIn, GraphDefinition, In, Out, Tuple, asset, graph, job, materialize_to_memory, op
from dagflow.errors import DagflowInvalidDefinitionError, DagflowTypeCheckDidNotPass
from dagflow.types.annotations import plain_form, resolve_annotation, resolve_type
from dagflow.types.forms import LiteralType
from dagflow.types.kinds import DagflowType


class Cup:
    """A class of the user."""


class Mug(Cup):
    """A subclass."""


T = typing.TypeVar("T")
Number = typing.TypeVar("Number", int, float)
Vessel = typing.TypeVar("Vessel", bound=Cup)
P = typing.ParamSpec("P")


class Box(typing.Generic[T]):
    """A generic class of the user."""


class Cold(typing.Protocol):
    """A protocol without runtime checks."""

    degrees: int


@typing.runtime_checkable
class Closes(typing.Protocol[T]):
    """A generic protocol with runtime checks."""

    def close(self) -> T: ...


class Row(typing_extensions.TypedDict, typing.Generic[T]):
    """A generic dict with known keys."""

    a: T


class Color(enum.Enum):
    """Named values."""

    RED = 1


Grams = typing.NewType("Grams", int)
Sizes = typing.NewType("Sizes", list[int])
Alias = typing_extensions.TypeAliasType("Alias", int | str)
Pairs = typing_extensions.TypeAliasType("Pairs", list[tuple[T, T]], type_params=(T,))


class TypeAliasType:
    """An alias as Python 3.12 makes it of `type X = ...`: its value is evaluated when it is read."""

    def __init__(self, value: typing.Callable[[], Any]) -> None:
        self._value = value

    @property
    def __value__(self) -> Any:
        return self._value()

    def __repr__(self) -> str:
        return "Latte"


CASES: list[tuple[Any, str, list[Any], list[Any]]] = [
    (int | str, "Union[Int,String]", [1, "x"], [1.0, None]),
    (typing.Union[int, str], "Union[Int,String]", [1, "x"], [1.0, None]),
    (int | str | None, "Union[Int,String]?", [1, "x", None], [1.0]),
    (list[int | str], "[Union[Int,String]]", [[1, "x"]], [[1.0]]),
    (list[int] | Cup, "Union[[Int],Cup]", [[1], Cup()], [["x"], 1]),
    (int | Any, "Any", [1, "x"], []),
    (complex | str, "Union[complex,String]", [1j, 1.5, 1, "x"], [None]),
    (int | T, "Any", [1, "x"], []),
    (Grams, "Int", [1], ["x"]),
    (Sizes, "[Int]", [[1]], [["x"]]),
    (list[Grams], "[Int]", [[1]], [["x"]]),
    (typing.Annotated[int, "grams"], "Int", [1], ["x"]),
    (typing.Annotated[int, []], "Int", [1], ["x"]),
    (typing.Annotated[list[typing.Annotated[int, 1]], 2], "[Int]", [[1]], [["x"]]),
    (typing.Callable, "Callable", [len], [1]),
    (typing.Callable[[int], str], "Callable", [len, Cup], [1]),
    (abc.Callable[..., int], "Callable", [len], [1]),
    (typing.Callable[P, int], "Callable", [len], [1]),
    (typing.Literal["a", 1], "Literal['a',1]", ["a", 1], ["b", True, 1.0, None]),
    (typing.Literal[True, None], "Literal[True,None]", [True, None], [1, False]),
    (typing.Literal[Color.RED], "Literal[<Color.RED: 1>]", [Color.RED], [1]),
    (tuple[int, ...], "Tuple[Int,...]", [(), (1, 2)], [(1, "x"), [1]]),
    (typing.Tuple[int, ...], "Tuple[Int,...]", [(1, 2)], [("x",)]),
    (tuple[()], "Tuple[]", [()], [(1,)]),
    (tuple[int, None], "Tuple[Int,Nothing]", [(1, None)], [(1, 2)]),
    (tuple[int, typing_extensions.Unpack[tuple[str, ...]]], "tuple", [(1, "x")], [[1]]),
    (dict[str, None], "Dict[String,Nothing]", [{"a": None}], [{"a": 1}]),
    (frozenset[int], "frozenset[Int]", [frozenset({1})], [frozenset({"x"}), {1}]),
    (typing.FrozenSet, "frozenset", [frozenset({"x"})], [{1}]),
    (typing.AbstractSet[int], "Set[Int]", [{1}, frozenset({1})], [{"x"}, [1]]),
    (typing.Deque[int], "deque[Int]", [collections.deque([1])], [collections.deque(["x"]), [1]]),
    (typing.DefaultDict[str, int], "defaultdict[String,Int]", [collections.defaultdict(int)], [{}]),
    (abc.MutableMapping[str, int], "MutableMapping[String,Int]", [{"a": 1}], [{"a": "x"}, {1: 1}, 3]),
    (typing.Counter[str], "Counter[String]", [collections.Counter("a")], [collections.Counter([1])]),
    (typing.Iterable[int], "Iterable[Int]", [[1], (1,), iter(["x"])], [["x"], 1]),
    (abc.Collection[int], "Collection[Int]", [[1]], [["x"], iter([1])]),
    (typing.Iterator[int], "Iterator", [iter([1])], [[1]]),
    (typing.Iterator, "Iterator", [iter([1])], [[1]]),
    (abc.Generator[int, None, None], "Generator", [(n for n in [1])], [[1]]),
    (abc.AsyncIterator[int], "AsyncIterator", [], [[1]]),
    (typing.ContextManager[int], "AbstractContextManager", [contextlib.nullcontext()], [1]),
    (type[Cup], "Type[Cup]", [Cup, Mug], [Cup(), int, "Cup"]),
    (typing.Type[Cup | int], "Type[Cup,int]", [Mug, bool], [str]),
    (type[Box[int]], "Type[Box]", [Box], [Cup]),
    (typing.Type, "type", [Cup], [Cup()]),
    (type[Any], "type", [Cup], [Cup()]),
    (type[T], "type", [Cup], [1]),
    (type[Vessel], "Type[Cup]", [Mug], [int]),
    (type[Cold], "type", [Cup], [1]),
    (T, "Any", [1, None], []),
    (Number, "Union[Int,Float]", [1, 1.5], ["x"]),
    (Vessel, "Cup", [Mug()], [1]),
    (P, "Any", [1], []),
    (Box[int], "Box", [Box()], [Cup()]),
    (Cold, "Any", [1], []),
    (Closes[int], "Closes", [io.StringIO()], [1]),
    (Row[int], "Row", [{"a": 1}], [1]),
    (typing.NoReturn, "Any", [1], []),
    (typing_extensions.Never, "Any", [1], []),
    (typing_extensions.Self, "Any", [1], []),
    (typing_extensions.LiteralString, "String", ["x"], [1]),
    (typing.Final, "Any", [1], []),
    (typing.Final[int], "Int", [1], ["x"]),
    (typing.ClassVar[int], "Int", [1], ["x"]),
    (typing_extensions.NotRequired[int], "Int", [1], ["x"]),
    (typing_extensions.TypeGuard[int], "Bool", [True], [1]),
    (dataclasses.InitVar[int], "Int", [1], ["x"]),
    (Alias, "Union[Int,String]", [1, "x"], [1.0]),
    (list[Alias], "[Union[Int,String]]", [[1, "x"]], [[1.0]]),
    (Pairs[int], "[Tuple[Int,Int]]", [[(1, 2)]], [[(1, "x")]]),
    (Pairs, "[Tuple[Any,Any]]", [[(1, "x")]], [[1]]),
    (typing.IO[str], "Any", [io.StringIO()], []),
    (typing.TextIO, "Any", [io.StringIO()], []),
    (typing.NamedTuple, "Any", [(1,)], []),
    (typing_extensions.TypedDict, "dict", [{}], [1]),
    (typing.Hashable, "Hashable", [1], [[1]]),
    (typing.Pattern[str], "Pattern", [__import__("re").compile("a")], ["a"]),
    (Tuple[int, ...], "Tuple[Int,...]", [(1, 2)], [("x",)]),
]


@pytest.mark.parametrize(
    ("annotation", "name", "good", "bad"), CASES, ids=[f"{case[1]}-{i}" for i, case in enumerate(CASES)]
)
def test_every_form_is_checked_as_it_means(
    annotation: object, name: str, good: list[object], bad: list[object]
) -> None:
    """A form of typing is a type: valid values pass, others fail with a reason."""
    for resolve in (resolve_type, resolve_annotation):
        dagflow_type = resolve(annotation, "input 'x'")

        assert dagflow_type.display_name == name
        assert [value for value in good if not dagflow_type.type_check(None, value).success] == []
        assert [value for value in bad if dagflow_type.type_check(None, value).success] == []
        assert all(dagflow_type.type_check(None, value).description for value in bad)
        assert resolve(annotation, "y") == dagflow_type
        assert hash(resolve(annotation, "y")) == hash(dagflow_type)


@pytest.mark.parametrize(
    "annotation", [int | str, tuple[int, ...], typing.Literal["a"], frozenset[int], type[Cup]]
)
def test_a_type_gives_its_annotation_back(annotation: object) -> None:
    """The annotation of a type resolves to the same type again."""
    dagflow_type = resolve_type(annotation, "x")

    assert resolve_type(dagflow_type.typing_type, "x") == dagflow_type
    assert dagflow_type != resolve_type(int, "x")


def test_an_alias_may_contain_itself() -> None:
    """An alias inside itself counts as Any: the levels above are checked."""
    alias: Any = TypeAliasType(lambda: dict[str, alias] | list[alias] | int)
    json = resolve_type(alias, "x")

    assert json.type_check(None, {"a": [1, {}]}).success
    assert not json.type_check(None, {1: 2}).success
    assert not json.type_check(None, "x").success
    assert not resolve_type(TypeAliasType(lambda: alias), "x").type_check(None, "x").success


def test_an_alias_of_an_unknown_name_is_refused() -> None:
    """The error names the alias."""
    alias = TypeAliasType(lambda: Milk)  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(DagflowInvalidDefinitionError, match=r"alias Latte cannot be evaluated \(NameError"):
        resolve_type(alias, "input 'x'")


def test_plain_form() -> None:
    """Annotated, NewType and aliases are taken off, also inside each other."""
    wrapped = typing.Annotated[typing.NewType("Weight", Grams), "g"]

    assert plain_form(wrapped) is int
    assert plain_form(Alias) == int | str
    assert plain_form(list[Grams]) == list[Grams]
    assert plain_form(None) is None


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (int | str, "x", 1.5),
        (Grams, 3, "x"),
        (typing.Annotated[int, "g"], 3, "x"),
        (abc.Callable[[], int], len, 3),
        (typing.Literal["a", "b"], "a", "c"),
        (tuple[int, ...], (1, 2), ("x",)),
        (abc.Iterator[int], iter([1]), [1]),
        (type[Cup], Mug, int),
        (Alias, 1, 1.5),
    ],
)
def test_forms_hold_at_every_entrance(annotation: Any, good: object, bad: object) -> None:
    """A form is checked for inputs and outputs of ops, graphs and assets, however it is given."""

    def read(x: Any) -> None: ...
    def make() -> Any:
        return chosen

    explicit = [op(ins={"x": In(annotation)})(read), op(out=Out(annotation))(make)]
    explicit_asset = asset(dagflow_type=annotation)(make)
    source = op(name="source")(make)
    asset_source = asset(name="x")(make)
    read_asset_in = asset(name="y", ins={"x": AssetIn(dagflow_type=annotation)})(read)
    read.__annotations__["x"] = make.__annotations__["return"] = annotation
    reader, maker = op(read), op(make)

    @graph
    def in_graph(x: annotation) -> None:
        reader(x)

    jobs = []
    for definition in (reader, explicit[0], in_graph):

        @job
        def read_it() -> None:
            definition(source())  # noqa: B023 - traced at once

        jobs.append(read_it)
    jobs.extend(GraphDefinition("g", node_defs=[each]).to_job() for each in (maker, explicit[1]))
    assets: list[list[Any]] = [[explicit_asset], [asset(make)], [asset_source, asset(name="y")(read)]]
    assets.append([asset_source, read_asset_in])

    for value, is_right in ((good, True), (bad, False)):
        chosen = value

        assert [each.execute_in_process(raise_on_error=False).success for each in jobs] == [is_right] * 5
        found = [materialize_to_memory(each, raise_on_error=False).success for each in assets]
        assert found == [is_right] * 4
    chosen = good
    reader(good)
    assert maker() is good
    chosen = bad
    for call in (maker, lambda: reader(bad)):
        with pytest.raises(DagflowTypeCheckDidNotPass):
            call()


def test_literals_and_tuples_come_from_config() -> None:
    """An input that nothing feeds takes its value from config, if the form has a loader."""

    @op
    def brew(size: typing.Literal["small", "large"], cups: tuple[int, ...], grams: Grams) -> list[Any]:
        return [size, cups, grams]

    @job
    def morning() -> None:
        brew()

    inputs = {"size": "small", "cups": [1, 2], "grams": 18}
    result = morning.execute_in_process({"ops": {"brew": {"inputs": inputs}}})

    assert result.output_for_node("brew") == ["small", (1, 2), 18]


def test_a_union_is_not_loaded_from_config() -> None:
    """The config of a union would be ambiguous, so the input must be connected or have a default."""

    @op
    def brew(size: int | str) -> None: ...

    @op
    def serve(size: int | str = "large") -> int | str:
        return size

    with pytest.raises(DagflowInvalidDefinitionError, match=r"'Union\[Int,String\]' has no loader"):

        @job
        def morning() -> None:
            brew()

    @job
    def evening() -> None:
        serve()

    assert evening.execute_in_process().output_for_node("serve") == "large"


def test_a_union_with_a_list_takes_several_outputs() -> None:
    """Fan-in works for each type that may be a list."""
    assert resolve_type(list[int] | None, "x").supports_fan_in
    assert resolve_type(list[int] | int, "x").supports_fan_in
    assert not resolve_type(int | str, "x").supports_fan_in


def test_a_literal_without_one_class_has_no_loader() -> None:
    """Values of several classes have no common schema."""
    mixed: DagflowType = resolve_type(typing.Literal["a", 1], "x")

    assert isinstance(mixed, LiteralType)
    assert mixed.loader is None
