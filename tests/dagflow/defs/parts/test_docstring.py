"""Docstrings in three styles, and docstrings without descriptions of parameters."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import GraphIn, In, Out, graph, op
from dagflow.defs.parts.docstring import Descriptions, read_docstring

GOOGLE = """Does it.

    Args:
        a (Dict[str, int], optional): The first.
            And more.
        b: The second: last.

    Returns:
        int: A number.

    Raises:
        ValueError: Never.
    """
NUMPY = """
    Does it.

    Parameters
    ----------
    a : int
        The first.
        And more.
    b
        The second: last.

    Returns
    -------
    int
        A number.
    """
REST = """Does it.

    :param int a: The first.
    :param b: The second: last.
    :return: A number.
    """


@pytest.mark.parametrize(
    ("doc", "first"),
    [(GOOGLE, "The first.\nAnd more."), (NUMPY, "The first.\nAnd more."), (REST, "The first.")],
)
def test_styles(doc: str, first: str) -> None:
    """All styles have the same result."""
    assert read_docstring(doc) == Descriptions({"a": first, "b": "The second: last."}, "A number.")


def test_a_result_without_a_type() -> None:
    """The whole entry is the description; a generator has a "Yields" section."""
    assert read_docstring("Does.\n\nReturns:\n    a number\n").result == "a number"
    assert read_docstring("Does.\n\nYields:\n    int: a number\n").result == "a number"


@pytest.mark.parametrize("doc", ["", "Brews.", "Args", "Returns:", "Args:\n\nReturns:\n"])
def test_nothing_said(doc: str) -> None:
    """A docstring without descriptions gives none."""
    assert read_docstring(doc) == Descriptions({}, None)


@pytest.mark.parametrize("line", ["Brews:", "Args: none.", "Returns the cup.", "Parameters", "a :param b"])
def test_no_section_loads_no_library(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that only looks like the title of a section does not import the parser."""
    monkeypatch.setitem(sys.modules, "docstring_parser", None)

    assert read_docstring(f"Brews.\n\n    {line}\n        x: more\n") == Descriptions({}, None)


@pytest.mark.parametrize(
    ("doc", "parameters", "result"),
    [
        (
            "Args:\n    a: The first.\n    the second\n    c: Third\n        line.",
            {"a": "The first.", "c": "Third\nline."},
            None,
        ),
        ("Args:\n    a: One.\n    two\n\nReturns:\n    int: A cup.", {"a": "One."}, "A cup."),
        ("Args:\n    a: One.\n\nRaises:\n\nReturns:\n    int: A cup.", {"a": "One."}, "A cup."),
        ("Args:\n    a: One.\n\nAttributes:\n  nothing\n", {"a": "One."}, None),
        ("Args:\na: One.\n\nReturns:\n    A cup.", {"a": "One."}, "A cup."),
        ("Args:\n\nReturns:\n    int: A cup.", {}, "A cup."),
        (":param a: One\n    and more.\n:param\n:returns: A cup.", {"a": "One\nand more."}, "A cup."),
        ("Args:\n    the second\n", {}, None),
    ],
)
def test_malformed_section(doc: str, parameters: dict[str, str], result: str | None) -> None:
    """A malformed entry or section is left out, and the others are read."""
    assert read_docstring(f"Brews.\n\n{doc}") == Descriptions(parameters, result)
    indented = "\n".join(f"    {line}" for line in doc.splitlines())
    assert read_docstring(f"Brews.\n\n{indented}") == Descriptions(parameters, result)


TITLES = (
    "Args:",
    "Arguments:",
    "Parameters",
    "Returns",
    "Returns:",
    "Yields",
    ":param",
    ":return",
    "----------",
)


@given(st.lists(st.sampled_from([*TITLES, "    a: b", "  a (", "----", "", "a : b", "x", ":param a: b"])))
def test_any_text_can_be_read(lines: list[str]) -> None:
    """With any docstring, the op can be defined."""
    assert isinstance(read_docstring("\n".join(lines)), Descriptions)


def test_where_it_is_shown() -> None:
    """The descriptions are set on inputs and a single output; In, Out and GraphIn win."""

    def fn(a, b):
        return a

    fn.__doc__ = GOOGLE
    made = op(ins={"b": In(description="mine")})(fn)
    several = op(out={"p": Out(), "q": Out()})(fn)
    g = graph(name="g", ins={"b": GraphIn("mine")})(lambda a, b: made(a, b))

    @graph
    def documented(b):
        """Does.

        Args:
            b: Its b.
        """
        made(b, b)

    assert [item.description for item in made.input_defs] == ["mine", "The first.\nAnd more."]
    assert [item.description for item in [*made.output_defs, *several.output_defs]] == [
        "A number.",
        None,
        None,
    ]
    assert [item.description for item in [*g.input_defs, *documented.input_defs]] == [None, "mine", "Its b."]
