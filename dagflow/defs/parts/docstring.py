"""What a docstring says of each parameter and of what is returned, in the style of Google, numpy or reST."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import NamedTuple

MARKS = ("Args:", "Arguments:", "Parameters", "Returns", "Yields", ":param", ":return")
"""One of them stands in a docstring that says something of the kind."""
_SECTION = r"(Args|Arguments|Parameters|Returns|Yields|[A-Z][a-z]+):?"
_REST = r":(?:param(?: [^:]+)? (?P<name>\w+)|returns?): *(?P<text>.*)"
_GOOGLE = r"(?P<name>\w+)(?: *\(.*?\))?: +(?P<text>.*)"
_NUMPY = r"(?P<name>\w+)(?: *:.*)?"


class Said(NamedTuple):
    """What a docstring says.

    Attributes:
        parameters: The text for each parameter, by name.
        result: The text for what is returned.
    """

    parameters: dict[str, str]
    result: str | None


def read_docstring(doc: str) -> Said:
    """What a docstring says of each parameter and of what is returned; nothing, where it has no such section.

    Example:
        >>> read_docstring("Brews.\\n\\nArgs:\\n    n (int): How many.\\n\\nReturns:\\n    str: The cup.")
        Said(parameters={'n': 'How many.'}, result='The cup.')
    """
    parameters: dict[str, str] = {}
    result: str | None = None
    if not any(mark in doc for mark in MARKS):
        return Said(parameters, result)
    for title, lines in _sections(cleandoc(doc).split("\n")):
        if title in ("Args", "Arguments", "Parameters"):
            parameters.update(_entries(lines))
        elif title in ("Returns", "Yields"):
            result = _result(lines)
        else:
            for found in (re.fullmatch(_REST, line) for line in lines):
                if found is not None and found["name"]:
                    parameters[found["name"]] = found["text"]
                elif found is not None:
                    result = found["text"]
    return Said(parameters, result)


def _sections(lines: list[str]) -> list[tuple[str, list[str]]]:
    """The lines under each title; numpy underlines its titles, Google ends them with a colon and indents."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for index, line in enumerate(lines):
        found = re.fullmatch(_SECTION, line)
        is_underlined = lines[index + 1 : index + 2] != [] and set(lines[index + 1]) == {"-"}
        if found is not None and (line.endswith(":") or is_underlined):
            sections.append((line.rstrip(":"), []))
        elif line and set(line) != {"-"}:
            sections[-1][1].append(line)
    return sections


def _entries(lines: list[str]) -> dict[str, str]:
    """Name and text of each parameter: Google's stand in one line, numpy's below the name."""
    entries: dict[str, list[str]] = {}
    is_numpy = not lines[0].startswith(" ") if lines else False
    base = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    texts: list[str] = []
    for line in lines:
        if len(line) - len(line.lstrip()) > base:
            texts.append(line.strip())
            continue
        found = re.fullmatch(_NUMPY if is_numpy else _GOOGLE, line.strip())
        if found is not None:
            texts = entries[found["name"]] = [] if is_numpy else [found["text"]]
    return {name: "\n".join(texts) for name, texts in entries.items()}


def _result(lines: list[str]) -> str | None:
    if not lines:
        return None
    if not lines[0].startswith(" "):  # numpy: the type stands in a line of its own
        return "\n".join(line.strip() for line in lines[1:]) or None
    text = "\n".join(line.strip() for line in lines)
    kind, separator, rest = text.partition(": ")
    return rest if separator and "\n" not in kind else text
