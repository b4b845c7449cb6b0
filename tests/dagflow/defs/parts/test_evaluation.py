"""Annotations without `from __future__ import annotations`, which Python 3.14 evaluates late."""
# ruff: noqa: UP045 - users write these

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

import pytest

from dagflow import ConfigurableResource, In, Out, asset, op
from dagflow.defs.parts.evaluation import evaluated, is_resolved, own_annotations, unwrapped
from dagflow.errors import DagflowInvalidDefinitionError

if TYPE_CHECKING:
    from nowhere import Frame  # type: ignore[import-not-found]

is_lazy = pytest.mark.skipif(sys.version_info < (3, 14), reason="the function itself is an error there")


class Shelf(ConfigurableResource):
    """A resource."""

    size: int = 1


def wrap(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function."""

    @functools.wraps(fn)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    return inner


@is_lazy
@pytest.mark.parametrize("decorate", [lambda fn: fn, wrap, functools.partial, functools.lru_cache])
def test_an_unknown_name_is_an_error_of_dagflow(decorate: Any) -> None:
    """The definition raises an error that names the annotation, not a bare NameError."""

    def read(frame: Frame): ...  # type: ignore[no-untyped-def]
    def listed(frame: list[Frame]): ...  # type: ignore[no-untyped-def]
    def made() -> Frame: ...

    for define in (op, asset):
        for fn in (read, listed, made):
            with pytest.raises(DagflowInvalidDefinitionError, match="Frame"):
                define(name="x")(decorate(fn))


@is_lazy
def test_other_annotations_keep_their_meaning() -> None:
    """One unknown name does not hide a resource or type of the same function."""

    @op(ins={"frame": In(int)}, out=Out(int))
    def read(shelf: Shelf, frame: Frame, count: int) -> Frame:
        return count

    assert read.body.resources == ("shelf",)
    assert [item.dagflow_type.display_name for item in read.ins.values()] == ["Int", "Int"]


def test_local_names_in_strings_and_outside() -> None:
    """Both forms mean the same class of this function."""

    class Cup:
        """A class that no function closes over."""

    def fn(a: Cup, b: "Cup", c: Optional["Cup"], d: "list[Cup]") -> "Cup": ...

    found = evaluated(own_annotations(fn), fn)

    assert found == {"a": Cup, "b": Cup, "c": Optional[Cup], "d": list[Cup], "return": Cup}


def test_a_name_that_comes_later_is_unknown() -> None:
    """The error says why; the other annotations are evaluated."""

    def fn(a: "Later", b: int, c: None, d: "Later | None", e: "3") -> None: ...

    found = evaluated(own_annotations(fn), fn)

    assert (found["b"], found["c"], found["e"], found["return"]) == (int, type(None), 3, type(None))
    assert [is_resolved(found[name]) for name in "abcd"] == [False, True, True, False]
    assert "Later" in found["a"].reason

    class Later: ...


def test_names_of_a_class_around() -> None:
    """A function in the body of a class sees the names of the body."""

    class Kitchen:
        """A class with names of its own."""

        Cup = str

        @op
        def fill(context, cup: "Cup") -> "Cup":  # type: ignore[valid-type]
            return cup

    assert Kitchen.fill.ins["cup"].dagflow_type.display_name == "String"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with Python 3.12")
def test_type_parameters_and_aliases() -> None:
    """A bound of a type parameter is checked, and an alias may contain itself."""
    names: dict[str, Any] = {}
    exec(
        "from __future__ import annotations\n"
        "from dagflow import op\n"
        "type Json = dict[str, Json] | list[Json] | int\n"
        "type Many[T] = list[T] | T\n"
        "def make():\n"
        "    class Cup: ...\n"
        "    @op\n"
        "    def fn[T: Cup](a: T, b: Cup, c: Json, d: Many[str]) -> T: ...\n"
        "    return fn\n",
        names,
    )
    fn = names["make"]()

    types = [item.dagflow_type for item in fn.ins.values()]

    assert [each.display_name for each in types[:2]] == ["Cup", "Cup"]
    assert types[2].type_check(None, {"a": [1]}).success
    assert not types[2].type_check(None, "x").success
    assert types[3].display_name == "Union[[String],String]"


def test_a_wrapper_of_itself() -> None:
    """The search for the innermost function ends."""

    def fn() -> None: ...

    fn.__wrapped__ = fn  # type: ignore[attr-defined]

    assert unwrapped(fn) is fn


def test_an_annotation_whose_attributes_cannot_be_read() -> None:
    """An object that raises at each attribute is an error of the definition that names the annotation."""

    class Proxy:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(f"no {name}")

    def read(frame: Any) -> Any: ...
    def made() -> Any: ...

    read.__annotations__["frame"] = made.__annotations__["return"] = Proxy()

    for define, place in [
        (lambda: op(read), "input 'frame' of op 'read'"),
        (lambda: op(made), "the output of op 'made'"),
        (lambda: asset(read), "input 'frame' of asset 'read'"),
        (lambda: In(Proxy()), "an In"),
        (lambda: Out(Proxy()), "an Out"),
    ]:
        with pytest.raises(DagflowInvalidDefinitionError, match=f"{place}.*RuntimeError: no __"):
            define()

    assert op(ins={"frame": In(int)}, out=Out(int))(read).name == "read"
