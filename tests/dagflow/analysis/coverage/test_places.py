"""The places of definitions in source files."""

from __future__ import annotations

from pathlib import Path

from dagflow.analysis.coverage.places import Place, place_of, span_at

SOURCE = '''\
"""A module."""

def outer(name):
    @decorate(
        name=name,
    )
    def inner(
        number,  # dag: no cover
    ):
        """Return it.

        In two lines.
        """
        # a comment

        return number

    return inner


short = lambda: 1
one = make(
    "tea",
)
def whole(): "Return nothing."
'''


def source_file(folder: Path) -> str:
    """Write the module, and return its path."""
    path = folder / "shop.py"
    path.write_text(SOURCE)
    return str(path)


def test_the_span_of_a_decorated_function(tmp_path: Path) -> None:
    """Each line of the header finds the span; blank lines, comments and the docstring are no code."""
    path = source_file(tmp_path)

    for line in (4, 6, 7, 9):
        span = span_at(path, line)
        assert span is not None
        assert (span.first, span.body, span.last) == (4, 10, 16)
        assert span.code == (4, 5, 6, 7, 8, 9, 16)


def test_the_span_of_other_statements(tmp_path: Path) -> None:
    """A lambda or a call has the lines of its statement, and a function in one line that line."""
    path = source_file(tmp_path)

    assert [span_at(path, line)[-1] for line in (21, 23, 25)] == [(21,), (22, 23, 24), (25,)]  # type: ignore[index]


def test_no_span_without_source(tmp_path: Path) -> None:
    """A file that does not exist, or does not parse, has no spans; nor has a line behind the end."""
    broken = tmp_path / "broken.py"
    broken.write_text("def (")

    assert span_at(str(tmp_path / "none.py"), 1) is None
    assert span_at(str(broken), 1) is None
    assert span_at(source_file(tmp_path), 99) is None


def test_the_place_of_a_function_behind_decorators(tmp_path: Path) -> None:
    """The place is the line of `def`; a comment in the header leaves the definition out."""
    path = source_file(tmp_path)
    names: dict[str, object] = {"decorate": lambda name: lambda fn: fn, "make": str}
    exec(compile(SOURCE, path, "exec"), names)

    assert place_of(names["outer"]("x")) == Place(path, 7, True)  # type: ignore[operator]
    assert place_of(names["short"]) == Place(path, 21, False)


def test_no_place_without_a_source_file() -> None:
    """A function of a library or of another source has no place, nor has None."""
    names: dict[str, object] = {}
    exec("def made(): pass", names)

    assert place_of(None) == place_of(len) == place_of(place_of) == place_of(names["made"]) == Place()
