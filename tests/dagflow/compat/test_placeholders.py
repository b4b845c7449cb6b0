"""Placeholders and the register of touched names."""

from __future__ import annotations

from typing import Any, Optional, get_type_hints

import pytest
from pydantic import create_model

from dagflow.compat.placeholders import Absent, Touched, private, touched
from dagflow.errors import DagflowAbsentError


@pytest.fixture
def kettle() -> Any:
    """Return a placeholder of a private name."""
    return private("dagster._cafe.Kettle")


def test_annotations_do_not_use_it(kettle: Any) -> None:
    """A placeholder can be a part of any annotation."""
    before = touched()

    def pour() -> None:
        raise AssertionError("it never runs")

    pour.__annotations__ = {
        "a": Optional[kettle],  # noqa: UP045
        "b": kettle | None,
        "c": None | kettle,
        "d": list[kettle[int]],
    }
    cup = create_model("Cup", of=(kettle, ...))

    assert get_type_hints(pour)["a"] == Optional[kettle]  # noqa: UP045
    assert cup(of=3).of == 3  # type: ignore[attr-defined]
    assert touched() == before


@pytest.mark.parametrize(
    "use",
    [
        lambda kettle: kettle(),
        lambda kettle: kettle.BIG(),
        lambda kettle: isinstance(3, kettle),
        lambda kettle: bool(kettle),
        lambda kettle: kettle == "big",
        lambda kettle: [*kettle],
    ],
)
def test_uses_raise(kettle: Any, use: Any) -> None:
    """Each use raises an error with the name."""
    with pytest.raises(DagflowAbsentError, match=r"^'dagster\._cafe\.Kettle(\.BIG)?' is a private name"):
        use(kettle)


def test_a_model_that_is_made_of_a_subclass(kettle: Any) -> None:
    """`create_model` of pydantic, which passes keywords to the class statement, accepts it as a base."""

    class Pot(kettle):  # type: ignore[misc]
        pass

    made = create_model("Made", __base__=Pot, litres=(int, 1))

    with pytest.raises(DagflowAbsentError, match=r"'dagster\._cafe\.Kettle'"):
        made()


def test_a_subclass(kettle: Any) -> None:
    """A class may have placeholders as bases, also twice and beside others. Its constructor raises."""

    class Both(kettle["x"], private("dagster._cafe.Pot"), dict):  # type: ignore[misc]
        pass

    class Third(Both, kettle):  # type: ignore[misc]
        pass

    assert issubclass(Third, dict)
    with pytest.raises(DagflowAbsentError, match="Kettle"):
        Third()


def test_a_placeholder_of_a_public_name() -> None:
    """An attribute of a public name raises, so that `hasattr` is False."""
    absent = Absent("dagster.Kettle", "no kettle")

    assert not hasattr(absent, "size")
    assert repr(absent) == "<'dagster.Kettle', which is not in dagflow>"


def test_classes_of_errors_and_warnings() -> None:
    """The placeholder of such a class is one, and stays the same."""
    error, warning = private("dagster._cafe.SpillError"), private("dagster._cafe.HotWarning")

    assert issubclass(error, Exception)
    assert issubclass(warning, Warning)
    assert private("dagster._cafe.SpillError") is error


def test_tools_look_for_private_attributes(kettle: Any) -> None:
    """An attribute with an underscore does not exist, because tools such as pytest and mock ask for some."""
    assert not hasattr(kettle, "__wrapped__")
    assert not hasattr(kettle, "_pytestfixturefunction")


def test_the_register(kettle: Any) -> None:
    """Each use is registered with its line, once."""
    for _ in range(2):
        with pytest.raises(DagflowAbsentError):
            kettle()

    found = [each for each in touched() if each.where.startswith(__file__)]
    line = test_the_register.__code__.co_firstlineno + 4
    assert found.count(Touched("dagster._cafe.Kettle", True, f"{__file__}:{line}")) == 1


def test_a_patch_of_an_attribute(kettle: Any) -> None:
    """A new value for an attribute is refused, because nothing reads it."""
    with pytest.raises(DagflowAbsentError, match=r"'dagster\._cafe\.Kettle\.size' cannot be patched"):
        kettle.size = 3
