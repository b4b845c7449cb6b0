"""The mutations of constants and comparisons in the body of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dagflow.analysis.mutation.body import body_sites, is_left_out, mutated_code, source_of


def weigh(kilos: float, limit: int = 3) -> str:
    """Return a word for a weight."""
    if kilos <= limit:
        return "light"
    return "heavy"


def logged(context: Any, n: int) -> bool:
    context.log.info("a message")
    if n not in (1, 2):
        raise ValueError("another message")
    note: int = 1  # noqa: F841
    return f"{n + 1}" == n and True


def quiet(n: int) -> int:
    return n + 1  # dag: no mutate


def whole(n: int) -> int:  # dag: no mutate
    return n + 2


def two_lines(n: int) -> bool:
    return (
        n
        > 10
    )  # fmt: skip


def in_factory(base: int) -> Callable[[int], int]:
    def inner(n: int) -> int:
        return base * n + 1

    return inner


class Scale:
    def weigh(self) -> object:
        return super().__str__() == "scale"


def differences(fn: Callable[..., Any]) -> list[tuple[str, str]]:
    """Return the lines without and with each mutation."""
    return [(site.before, site.after) for site in body_sites(fn)]


def test_comparisons_and_constants_are_sites() -> None:
    """Only the operator or the constant differs, and the docstring and the defaults are left out."""
    assert differences(weigh) == [
        ("if kilos <= limit:", "if kilos < limit:"),
        ('return "light"', 'return "XXlight"'),
        ('return "heavy"', 'return "XXheavy"'),
    ]


def test_messages_are_no_sites() -> None:
    """Texts of logs and errors, annotations and f-strings are left out."""
    assert [after for _, after in differences(logged)] == [
        "if n in (1, 2):",
        "if n not in (2, 2):",
        "if n not in (1, 3):",
        "note: int = 2  # noqa: F841",
        'return f"{n + 1}" != n and True',
        'return f"{n + 1}" == n and False',
    ]


def test_a_comment_leaves_a_line_or_a_function_out() -> None:
    """The comment stands on the line, or on that of the `def`."""
    assert differences(quiet) == []
    assert is_left_out(whole)
    assert not is_left_out(quiet)


def test_a_site_of_two_lines_is_shown_in_one() -> None:
    """The difference is readable without the line breaks."""
    assert differences(two_lines)[0] == ("n > 10", "n >= 10")


@pytest.mark.parametrize(("position", "light"), [(0, "heavy"), (1, "XXlight"), (2, "light")])
def test_the_code_has_one_mutation(position: int, light: str) -> None:
    """The code replaces that of the live function, with its defaults and its name."""
    code = mutated_code(weigh, position)
    assert code is not None
    before = weigh.__code__
    weigh.__code__ = code
    try:
        assert weigh(3) == light
        assert code.co_name == "weigh"
        assert code.co_filename == before.co_filename
        assert code.co_firstlineno >= before.co_firstlineno
    finally:
        weigh.__code__ = before


def test_a_closure_keeps_its_variables() -> None:
    """The free variables of the new code are those of the live function."""
    inner: Any = in_factory(10)
    code = mutated_code(inner, 0)
    assert code is not None

    inner.__code__ = code

    assert inner(2) == 22


def test_a_function_without_source_has_no_sites() -> None:
    """A lambda and a function of no file have no mutations of their body."""
    names: dict[str, Any] = {}
    exec("def typed(n): return n + 1", names)

    assert source_of(names["typed"]) is None
    assert body_sites(names["typed"]) == body_sites(lambda n: n > 1) == []


def test_a_method_with_super_cannot_be_replaced() -> None:
    """Its class cell exists only inside the class, so that there is no code rather than a wrong one."""
    codes = [mutated_code(Scale.weigh, site.position) for site in body_sites(Scale.weigh)]

    assert all(code is None or code.co_freevars == ("__class__",) for code in codes)
