"""The reader of function signatures."""

from __future__ import annotations

import dataclasses
import functools
from typing import Annotated, Any, NamedTuple

import pytest

from dagflow import AssetExecutionContext, OpExecutionContext
from dagflow._util import UNSET
from dagflow.defs.parts.function import (
    Body,
    is_config_annotation,
    is_resource_annotation,
    location,
    resolved,
)
from dagflow.errors import DagflowInvalidDefinitionError as BadDefinition


class Station:
    """A resource by its mark."""

    __dagflow_resource__ = True


class Settings:
    """A Config class by its mark."""

    __dagflow_config__ = True


def _body(fn: Any) -> Body:
    return Body(fn, "op 'x'")


def _named(name: str) -> Any:
    return eval(f"lambda {name}, a: None")


@pytest.mark.parametrize("name", ["context", "_context", "context_", "_"])
def test_names_of_the_context(name: str) -> None:
    """A first parameter with one of four names is the context; others are inputs."""
    body = _body(_named(name))

    assert (body.context, body.context_name) == ("any", name)
    assert [parameter.name for parameter in body.inputs] == ["a"]
    assert body.order == ("a",)


def test_other_names_are_inputs() -> None:
    """A parameter of another name is an input, even if annotated with a context."""

    def annotated(ctx: OpExecutionContext, log: Any) -> None: ...

    body = _body(annotated)

    assert body.context is None
    assert [parameter.name for parameter in body.inputs] == ["ctx", "log"]


def test_kinds_of_context() -> None:
    """The annotation defines the type of the context."""

    def op_context(context: OpExecutionContext) -> None: ...
    def asset_context(context: AssetExecutionContext) -> None: ...
    def any_context(context: Any) -> None: ...
    def quoted(context: NoSuch.OpExecutionContext) -> None: ...  # noqa: F821
    def optional(context: OpExecutionContext | None) -> None: ...
    def either(context: OpExecutionContext | AssetExecutionContext) -> None: ...
    def noted(context: Annotated[AssetExecutionContext, "note"]) -> None: ...

    functions = (op_context, asset_context, any_context, quoted, optional, either, noted)

    assert [_body(fn).context for fn in functions] == ["op", "asset", "any", "op", "op", "any", "asset"]


def test_a_context_of_another_type_is_refused() -> None:
    """The message names function, file, line and annotation."""

    def wrong(context: int) -> None: ...

    with pytest.raises(BadDefinition, match=r"op 'x' \(.*test_function.py:\d+\): .*<class 'int'>"):
        _body(wrong)


def test_config_and_resources() -> None:
    """A parameter named config, and parameters with a resource type, are not inputs."""

    def fn(
        context: Any, config: Settings, a: int, station: Station, other: Annotated[Any, Station()]
    ) -> None: ...

    body = _body(fn)

    assert body.config is Settings
    assert body.resources == ("station", "other")
    assert [parameter.name for parameter in body.inputs] == ["a"]
    assert body.order == ("config", "a", "station", "other")


def test_marks_of_annotations() -> None:
    """Config classes and resource types are recognized by attribute; their instances are not."""
    assert is_config_annotation(Settings)
    assert not is_config_annotation(Settings())
    assert not is_config_annotation(int)
    assert is_resource_annotation(Station)
    assert not is_resource_annotation(Annotated[int, "x"])


def test_inputs_keep_order_default_and_annotation() -> None:
    """Keyword-only parameters are inputs too."""

    def fn(b, a: int = 3, *, c: str = "x") -> list[int]:
        return [a]

    body = _body(fn)

    assert [(p.name, p.has_default) for p in body.inputs] == [("b", False), ("a", True), ("c", True)]
    assert [p.annotation for p in body.inputs[1:]] == [int, str]
    assert body.inputs[1].default == 3
    assert body.return_annotation == list[int]


@pytest.mark.parametrize(
    ("fn", "what"),
    [(lambda *args: None, r"'\*args'"), (lambda a, /: None, "positional-only parameter 'a'")],
)
def test_inputs_are_passed_by_name(fn: Any, what: str) -> None:
    """So starred and positional-only parameters raise."""
    with pytest.raises(BadDefinition, match=what):
        _body(fn)


def test_any_keyword_may_be_taken() -> None:
    """`**kwargs` is not an input."""
    body = _body(lambda a, **more: None)

    assert body.takes_any_keyword
    assert body.order == ("a",)


def test_kinds_of_functions() -> None:
    """A function returns, yields or is awaited; partials, objects and methods work alike."""

    def plain() -> None: ...
    def generator() -> Any:
        yield 1

    async def awaited() -> None: ...
    async def stream() -> Any:
        yield 1

    class Callable:
        def __call__(self, a: int) -> Any:
            yield a

        def method(self, a: int) -> Any:
            yield a

    types = {fn: _body(fn).function_type for fn in (plain, generator, awaited, stream)}

    assert list(types.values()) == ["plain", "generator", "async", "async_generator"]
    assert _body(functools.partial(generator)).function_type == "generator"
    assert _body(Callable()).function_type == _body(Callable().method).function_type == "generator"
    assert [p.name for p in _body(Callable()).inputs] == ["a"]
    assert _body(stream).is_generator
    assert not _body(awaited).is_generator


def test_a_wrapped_function_is_read_through() -> None:
    """The signature and type are those of the function inside `functools.wraps`."""

    def inner(a: int) -> Any:
        yield a

    @functools.wraps(inner)
    def outer(*args: Any, **kwargs: Any) -> Any:
        return inner(*args, **kwargs)

    body = _body(outer)

    assert body.function_type == "generator"
    assert [(p.name, p.annotation) for p in body.inputs] == [("a", int)]


def test_annotations_as_strings_are_resolved() -> None:
    """Names of the module, of the closure and of the functions around are found; others are reported."""
    outside = str

    class Local:
        """A class that the function does not close over."""

    def fn(a: outside, b: NoSuchName, c: int, d: list[Local], e: list[Local]) -> None:  # noqa: F821
        print(outside)  # noqa: T201 - makes it a name of the closure

    annotations = [parameter.annotation for parameter in _body(fn).inputs]

    assert [annotations[0], *annotations[2:]] == [str, int, list[Local], list[Local]]
    assert "'NoSuchName'" in repr(annotations[1])
    assert resolved(int, "input 'b'", fn, "write In(...)") is int
    message = (
        r"input 'b' \(.*test_function.py:\d+\): its annotation 'NoSuchName' cannot be evaluated .*NameError"
    )
    with pytest.raises(BadDefinition, match=message):
        resolved(annotations[1], "input 'b'", fn, "write In(...)")


def test_a_local_name_hides_one_of_the_module() -> None:
    """An annotation means what it means in its scope, as without quotes."""

    class Station(str):
        """Another class than that of the module."""

    def fn(a: Station, *, b: Station) -> Station: ...

    body = _body(fn)

    assert [parameter.annotation for parameter in body.inputs] == [Station, Station]
    assert body.resources == ()
    assert body.return_annotation is Station


def test_annotations_of_callables() -> None:
    """Partial objects, methods, objects with `__call__` and classes are read like functions."""

    class Local(int):
        """A class of this function."""

    def fn(a: Local, b: Local) -> Local: ...

    class Brewer:
        """A callable object with an annotated attribute, and a method."""

        a: str

        def __call__(self, a: Local) -> Local: ...
        def method(self, a: Local) -> Local: ...
        @staticmethod
        def static(a: Local) -> Local: ...
        @classmethod
        def of_class(cls, a: Local) -> Local: ...

    class Derived(Brewer):
        """A class with an `__init__`."""

        def __init__(self, a: Local) -> None: ...

    @dataclasses.dataclass
    class Record:
        """A class with fields."""

        a: Local

    class Pair(NamedTuple):
        """A tuple with fields."""

        a: Local

    partial = functools.partial(fn, 1)
    for made in (partial, Brewer(), Brewer().method, Brewer.static, Brewer.of_class, functools.lru_cache(fn)):
        body = _body(made)
        assert {parameter.annotation for parameter in body.inputs} == {Local}
        assert body.return_annotation is Local
    for made, returned in ((Derived, Derived), (Record, Record), (Pair, UNSET)):
        body = _body(made)
        assert [parameter.annotation for parameter in body.inputs] == [Local]
        assert body.return_annotation is returned


def test_an_object_that_answers_every_attribute() -> None:
    """An object that wraps others without end is an error, not a hang."""

    class Endless:
        """An object that answers every attribute."""

        def __getattr__(self, name: str) -> Any:
            return Endless()

        def __call__(self, a: int) -> int: ...

    with pytest.raises(BadDefinition, match="op 'x'"):
        _body(Endless())


def test_a_function_without_a_signature() -> None:
    """A function whose signature Python cannot read raises."""
    with pytest.raises(BadDefinition, match=r"signature of .* cannot be read"):
        _body(type)


def test_locations() -> None:
    """A function has a file and line; a builtin has none."""
    assert location(_body).split(":")[0].endswith("test_function.py")
    assert location(print) == location(5) == "unknown place"


def test_the_context_stands_first() -> None:
    """A context parameter in another position raises, since it would be an input."""

    def fn(cups: int, context: Any) -> None: ...

    with pytest.raises(BadDefinition, match=r'"context" is not a valid name .*: it is reserved.*first param'):
        _body(fn)
