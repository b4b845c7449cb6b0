"""Inputs and outputs from signatures: results, resources, contexts and classes as functions."""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

import pytest

from dagflow import (
    AssetIn,
    AssetMaterialization,
    AssetsDefinition,
    ConfigurableResource,
    Definitions,
    DynamicOut,
    DynamicOutput,
    In,
    MaterializeResult,
    OpDefinition,
    OpExecutionContext,
    Out,
    Output,
    ResourceParam,
    asset,
    build_asset_context,
    build_op_context,
    graph,
    job,
    materialize,
    materialize_to_memory,
    op,
    with_resources,
)
from dagflow.errors import (
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DagflowTypeCheckDidNotPass,
)

if TYPE_CHECKING:
    from nowhere import Frame  # type: ignore[import-not-found]


class Database(ConfigurableResource):
    """A resource of the module."""

    url: str = "mem"


class Pair(NamedTuple):
    """Two values."""

    number: int
    text: str


def type_of(made: OpDefinition | AssetsDefinition) -> str:
    """Return the name of the type of the only output."""
    (output,) = (made.op if isinstance(made, AssetsDefinition) else made).outs.values()
    return output.dagflow_type.display_name


# -- MaterializeResult as a return annotation


def test_the_value_of_a_materialize_result_is_stored() -> None:
    """`-> MaterializeResult` means that the asset has the value of the result, whatever its type."""

    @asset
    def plain() -> MaterializeResult:  # type: ignore[type-arg]
        return MaterializeResult(value=5, metadata={"rows": 1})

    @asset
    def none() -> MaterializeResult[None]:
        return MaterializeResult(value=None)

    @asset
    async def late() -> MaterializeResult[int]:
        return MaterializeResult(value=6)

    @asset
    def maybe(plain: int) -> MaterializeResult[int] | None:
        return MaterializeResult(value=plain + 2) if plain else None

    @asset
    def either() -> MaterializeResult[int] | Output[str] | None:
        return Output("x")

    result = materialize_to_memory([plain, none, late, maybe, either])

    assert [result.asset_value(name) for name in ("plain", "late", "maybe", "either")] == [5, 6, 7, "x"]
    assert [type_of(each) for each in (plain, none, late, maybe)] == ["Any", "Nothing", "Int", "Int?"]
    assert type_of(either) == "Union[Int,String]?"
    assert plain().value == 5
    assert maybe(0) is None


def test_the_type_of_a_materialize_result_is_checked() -> None:
    """`MaterializeResult[int]` is a promise about the value, in a run and in a direct call."""

    @asset
    def number() -> MaterializeResult[int]:
        return MaterializeResult(value="x")  # type: ignore[arg-type]

    @asset
    async def late() -> MaterializeResult[int]:
        return MaterializeResult(value="x")  # type: ignore[arg-type]

    @asset
    def yielded() -> Iterator[MaterializeResult[int]]:
        yield MaterializeResult(value="x")  # type: ignore[arg-type]

    for each in (number, late, yielded):
        with pytest.raises(DagflowTypeCheckDidNotPass, match='expected type "Int"'):
            materialize_to_memory([each])
    with pytest.raises(DagflowTypeCheckDidNotPass):
        number()
    with pytest.raises(DagflowTypeCheckDidNotPass):
        list(yielded())


def test_a_materialize_result_without_a_value_stores_nothing() -> None:
    """The function wrote the asset itself, so the annotation asks for no value."""

    @asset
    def wrote() -> MaterializeResult[int]:
        return MaterializeResult(metadata={"rows": 3})

    result = materialize_to_memory([wrote])

    (event,) = result.asset_materializations_for_node("wrote")
    assert event.metadata["rows"].value == 3
    assert wrote().metadata == {"rows": 3}


# -- annotations of several outputs and of generators


@pytest.mark.parametrize(
    ("annotation", "types"),
    [
        (tuple[int, str], ["Int", "String"]),
        (Annotated[tuple[int, Output[str]], "both"], ["Int", "String"]),
        (tuple[int, ...], ["Int", "Int"]),
        (tuple, ["Any", "Any"]),
        (Pair, ["Int", "String"]),
        (NoReturn, ["Any", "Any"]),
    ],
)
def test_types_of_several_outputs(annotation: Any, types: list[str]) -> None:
    """Every form of a tuple gives a type to each output."""

    def both(): ...  # type: ignore[no-untyped-def]

    both.__annotations__["return"] = annotation
    made = op(out={"number": Out(), "text": Out()})(both)

    assert [out.dagflow_type.display_name for out in made.outs.values()] == types


def test_a_named_tuple_of_another_length_is_refused() -> None:
    """The message names both numbers."""

    def three() -> Pair: ...

    with pytest.raises(DagflowInvariantViolationError, match="Expected 3 outputs but annotation has 2"):
        op(out={"a": Out(), "b": Out(), "c": Out()})(three)


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (Iterator[Output[int]], "Int"),
        (Generator[Output[int], None, None], "Int"),
        (AsyncIterator[Output[int]], "Int"),
        (Iterator[Output[int] | AssetMaterialization], "Int"),
        (Iterator[Output[int] | Output[str]], "Union[Int,String]"),
        (Iterator[Output], "Any"),
        (Iterator[AssetMaterialization], "Any"),
        (Iterator[int], "Any"),
        (Iterator[Any], "Any"),
        (Iterator, "Any"),
        (list[Output[int]], "Any"),
        (int, "Any"),
    ],
)
def test_a_generator_has_the_type_of_what_it_yields(annotation: Any, name: str) -> None:
    """The output of `Iterator[Output[int]]` is checked as int; other annotations of generators are not."""

    def outputs():  # type: ignore[no-untyped-def]
        yield Output(1)

    outputs.__annotations__["return"] = annotation

    assert type_of(op(outputs)) == name


def test_annotations_of_dynamic_outputs() -> None:
    """The items of a list, or of a generator, of dynamic outputs have the type of the output."""

    def listed() -> list[DynamicOutput[int]]: ...
    def yielded() -> Iterator[DynamicOutput[int]]:
        yield DynamicOutput(1, "a")

    assert type_of(op(listed)) == "Int"
    assert type_of(op(out=DynamicOut())(yielded)) == "Int"


# -- names in strings


def test_a_local_resource_or_class_is_found() -> None:
    """With annotations as strings, what is local to a test means the same as what is global."""

    class Store(ConfigurableResource):
        shelf: int = 3

    class Cup:
        """A class that only annotations name."""

    @asset
    def a(store: Store) -> int:
        return store.shelf

    @asset
    async def wrong(a: int) -> Cup:
        return a  # type: ignore[return-value]

    @op
    def make(store: Store) -> Cup:
        return Cup()

    @op
    def pass_on(cup: Cup) -> Cup:
        return cup

    @graph
    def through(cup: Cup) -> Cup:
        return pass_on(cup)

    @graph
    def all_of_it() -> Cup:
        return through(make())

    with pytest.raises(DagflowTypeCheckDidNotPass, match='expected type "Cup"'):
        materialize_to_memory([a, wrong], resources={"store": Store()})
    assert a(store=Store(shelf=4)) == 4
    assert isinstance(all_of_it.execute_in_process(resources={"store": Store()}).output_value(), Cup)


def test_an_unknown_name_is_an_error_about_the_annotation() -> None:
    """A name that exists for type checkers only is not ignored: what it means could not be checked."""

    def read(frame: Frame) -> None: ...
    def made() -> Frame: ...

    message = r"input 'frame' of op 'read' \(.*\): its annotation 'Frame' cannot be evaluated .*Frame"
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        op(read)
    with pytest.raises(DagflowInvalidDefinitionError, match=r"input 'frame' of asset 'read'.*AssetIn"):
        asset(read)
    with pytest.raises(DagflowInvalidDefinitionError, match=r"output of op 'made'.*Out"):
        op(made)
    with pytest.raises(DagflowInvalidDefinitionError, match=r"output of asset 'made'.*dagflow_type"):
        asset(made)


def test_a_given_type_needs_no_annotation() -> None:
    """In, Out and dagflow_type win, so an annotation for type checkers only does no harm."""

    def read(frame: Frame) -> None: ...
    def made() -> Frame: ...
    def yielded() -> Iterator[Frame]:
        yield Output(1)

    assert op(ins={"frame": In(int)})(read).ins["frame"].dagflow_type.display_name == "Int"
    assert asset(ins={"frame": AssetIn(dagflow_type=int)})(read).op.ins["frame"].dagflow_type is not None
    assert type_of(op(out=Out(int))(made)) == type_of(asset(dagflow_type=int)(made)) == "Int"
    assert type_of(op(yielded)) == "Any"


# -- optional resources


def optional(db: Database | None = None) -> Any:
    """Return the URL, None without a database."""
    return db and db.url


def without_default(db: Database | None) -> Any:
    """Return the URL, None without a database."""
    return db and db.url


def with_none(db: Database = None) -> Any:  # type: ignore[assignment]
    """Return the URL, None without a database."""
    return db and db.url


def noted(db: Annotated[Database, "the shared one"] | None = None) -> Any:
    """Return the URL, None without a database."""
    return db and db.url


async def late(db: Database | None = None) -> Any:
    """Return the URL, None without a database."""
    return db and db.url


@pytest.mark.parametrize("fn", [optional, without_default, with_none, noted, late])
def test_an_optional_resource_is_given_if_there_is_one(fn: Callable[..., Any]) -> None:
    """A parameter `db: Database | None` gets the resource, and None only where there is none."""
    db, made, made_asset = Database(url="x"), op(name="made")(fn), asset(name="a")(fn)

    @job
    def alone() -> None:
        made()

    @job(resource_defs={"db": db})
    def bound() -> None:
        made()

    for each, url in ((alone, None), (bound, "x"), (Definitions(jobs=[alone]).get_job_def("alone"), None)):
        assert each.execute_in_process().output_for_node("made") == url
    in_defs = Definitions([made_asset], resources={"db": db}).resolve_job_def("__ASSET_JOB")
    assert in_defs.execute_in_process().asset_value("a") == "x"
    for given, url in (({}, None), ({"db": db}, "x"), ({"other": db}, None)):
        assert materialize_to_memory([made_asset], resources=given).asset_value("a") == url
        (bound_asset,) = with_resources([made_asset], given)
        assert materialize_to_memory([bound_asset]).asset_value("a") == url


def test_an_optional_resource_in_a_direct_call() -> None:
    """It comes from the arguments, from the context, or is None."""

    @op
    def read(context: OpExecutionContext, db: Database | None = None) -> Any:
        return db and db.url

    plain, db = op(optional), Database(url="x")

    assert [plain(), plain(db), plain(db=db)] == [None, "x", "x"]
    assert read(build_op_context()) is None
    assert read(build_op_context(resources={"db": db})) == "x"
    assert asset(name="a", resource_defs={"db": db})(optional)() == "x"


def test_a_resource_whose_value_may_be_none_is_required() -> None:
    """`ResourceParam[int | None]` is about the value of the resource, not about the resource."""

    @asset
    def read(limit: ResourceParam[int | None]) -> Any:
        return limit

    with pytest.raises(DagflowInvalidDefinitionError, match="'limit' required by op 'read' was not provided"):
        materialize_to_memory([read])
    assert materialize_to_memory([read], resources={"limit": 3}).asset_value("read") == 3


def test_a_required_resource_stays_required_beside_an_optional_one() -> None:
    """One op that works without the resource does not excuse another one."""

    @op
    def needs(db: Database) -> None: ...

    @graph
    def both() -> None:
        op(optional)()
        needs()

    with pytest.raises(DagflowInvalidDefinitionError, match="'db' required by op 'needs' was not provided"):
        both.execute_in_process()


# -- classes as functions


class Brew:
    """A class whose `__init__` returns None, as all do."""

    def __init__(self, water: int) -> None:
        self.water = water


@dataclasses.dataclass
class Recipe:
    """A dataclass."""

    water: int


def test_a_class_returns_its_instance() -> None:
    """A class or dataclass as the function of an op or asset gives its instance, of this type."""

    @op
    def source() -> int:
        return 3

    @op
    def amount(made: Any) -> int:
        return made.water

    for cls in (Brew, Recipe):
        made = op(cls)

        @job
        def brew() -> None:
            amount(made(source()))  # noqa: B023 - traced at once

        assert type_of(made) == cls.__name__
        assert brew.execute_in_process().output_for_node("amount") == 3
        assert made(4).water == 4
        in_memory = materialize_to_memory([asset(name="water")(source.compute_fn), asset(name="x")(cls)])
        assert in_memory.asset_value("x").water == 3


def test_callables_are_read_like_functions() -> None:
    """Partial objects and objects with `__call__` have inputs and types; a bound method too."""

    class Machine:
        """A callable object."""

        def __call__(self, water: int) -> str:
            return "x" * water

        def method(self, water: int) -> str:
            return self(water)

    def brew(beans: str, water: int) -> str:
        return beans * water

    for fn in (Machine(), Machine().method, functools.partial(brew, "x")):
        made = op(name="made")(fn)

        assert (type_of(made), made.ins["water"].dagflow_type.display_name) == ("String", "Int")
        assert made(2) == "xx"


# -- a context that is passed by name


def test_the_context_may_be_keyword_only() -> None:
    """`*, context` receives the context: sync, async and in generators, in runs and direct calls."""

    @asset
    def a(*, context: Any) -> str:
        return context.run_id

    @asset
    async def b(a: str, *, context: Any) -> bool:
        return a == context.run_id

    @asset
    def c(a: str, *, context: Any) -> Iterator[Output[bool]]:
        yield Output(a == context.run_id)

    @op
    def read(x: int, *, db: Database, context: OpExecutionContext) -> Any:
        return x, db.url, context.has_partition_key

    @op
    def one() -> int:
        return 1

    @job(resource_defs={"db": Database()})
    def reads() -> None:
        read(one())

    result = materialize_to_memory([a, b, c])

    assert result.asset_value("b")
    assert result.asset_value("c")
    assert reads.execute_in_process().output_for_node("read") == (1, "mem", False)
    assert a(context=build_asset_context()) == a(build_asset_context()) == "EPHEMERAL"
    in_call = build_op_context(resources={"db": Database()})
    assert read(1, context=in_call) == read(in_call, 1) == (1, "mem", False)
    with pytest.raises(DagflowInvalidInvocationError, match="no context was provided"):
        read(1)


def test_a_misspelt_context_is_recognized() -> None:
    """An input called `ctx`, or annotated with a context, has a hint in the error about its value."""

    @asset
    def a(ctx: Any) -> None: ...
    @asset
    def b(run: OpExecutionContext) -> None: ...
    @op
    def c(contxt: OpExecutionContext) -> None: ...

    @op
    def d(ctx: Any) -> None: ...

    @job
    def unconnected() -> None:
        d()

    with pytest.raises(DagflowInvalidConfigError, match=r"input 'ctx' of op 'd'\. Did you mean the context"):
        unconnected.execute_in_process()
    for each in (a, b):
        with pytest.raises(DagflowInvalidDefinitionError, match="Did you mean the context"):
            materialize_to_memory([each])
        with pytest.raises(DagflowInvalidInvocationError, match="Did you mean the context"):
            each()
    with pytest.raises(DagflowInvalidDefinitionError, match="Did you mean the context"):

        @job
        def j() -> None:
            c()


# -- None as a value


@pytest.mark.parametrize("run", [materialize_to_memory, materialize])
def test_an_asset_without_a_value_is_read_as_none(run: Any) -> None:
    """The value of an asset with `-> None` is None, for a reader with any annotation that allows it."""
    read = []

    @asset
    def a() -> None: ...
    @asset
    def untyped(a):  # type: ignore[no-untyped-def]
        read.append(a)

    @asset
    def typed(a: None) -> None:
        read.append(a)

    @asset
    def maybe(a: int | None) -> None:
        read.append(a)

    assert run([a, untyped, typed, maybe]).success
    assert read == [None, None, None]
    assert typed(None) is None
    assert run([a, typed], selection="typed").success
    assert read == [None] * 5


def test_a_parameter_for_none_takes_only_none() -> None:
    """The annotation `None` of an asset is checked like any other; an op writes In(Nothing) instead."""

    def read(a: None) -> None: ...

    with pytest.raises(DagflowInvalidDefinitionError, match=r"is annotated with Nothing.*In\(Nothing\)"):
        op(read)

    @asset
    def a() -> int:
        return 3

    @asset
    def b(a: None) -> None: ...

    with pytest.raises(DagflowTypeCheckDidNotPass, match='input "a"'):
        materialize_to_memory([a, b])
    with pytest.raises(DagflowTypeCheckDidNotPass):
        b(3)


@pytest.mark.parametrize(
    "form", [typing.Iterator, typing.Generator, typing.Iterable, collections.abc.Iterator]
)
def test_a_generator_without_the_type_of_its_items(form: Any) -> None:
    """`-> Iterator` without brackets says nothing about the output."""

    def pour() -> Any:
        yield Output("tea")

    pour.__annotations__["return"] = form

    assert materialize_to_memory([asset(pour)]).output_for_node("pour") == "tea"


class Cup(Output[int]):
    """A result of a user."""


class Brewed(MaterializeResult[int]):
    """A result of a user."""


class Shot(DynamicOutput[int]):
    """A result of a user."""


@pytest.mark.parametrize("made", [Cup, Brewed])
def test_a_subclass_of_a_result(made: Any) -> None:
    """A class derived from a result may be returned and annotated; the type in its base is checked."""

    def good() -> Any:
        return made(value=3)

    def bad() -> Any:
        return made(value="three")

    for fn in (good, bad):
        fn.__annotations__["return"] = made

    assert materialize_to_memory([asset(good)]).output_for_node("good") == 3
    assert asset(good)().value == 3
    for run in (lambda: materialize_to_memory([asset(bad)]), asset(bad)):
        with pytest.raises(DagflowTypeCheckDidNotPass, match='expected type "Int"'):
            run()


def test_a_list_of_a_subclass_of_dynamic_outputs() -> None:
    """A list of a class derived from DynamicOutput makes the output dynamic."""

    @op
    def pull() -> list[Shot]:
        return [Shot(1, "a"), Shot(2, "b")]

    @op
    def drink(shot: int) -> int:
        return shot

    @job
    def bar() -> None:
        pull().map(drink)

    assert bar.execute_in_process().output_for_node("drink") == {"a": 1, "b": 2}
