"""Descriptions of parameters and results in docstrings in the style of Google, numpy or reST.

Only this module imports the library that parses docstrings, and only for docstrings with sections.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_FIRST_SECTION = re.compile(
    r"""
    ^[ \t]*(?:
        (?P<REST> :(?:param|returns?|yields?)\b)
        | (?P<NUMPYDOC> (?:Parameters|Returns|Yields)[ \t]*\n[ \t]*---)
        | (?P<GOOGLE> (?:Args|Arguments|Parameters|Params|Returns|Yields):[ \t]*$)
    )
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Each group has the name of the style in the library."""


class Descriptions(NamedTuple):
    """The descriptions in a docstring.

    Attributes:
        parameters: The description of each parameter, by name.
        result: The description of the returned value.
    """

    parameters: dict[str, str]
    result: str | None


def read_docstring(doc: str) -> Descriptions:
    """Return the descriptions in the sections of a docstring. Malformed entries are left out.

    Example:
        >>> read_docstring("Brews.\\n\\nArgs:\\n    n (int): How many.\\n\\nReturns:\\n    str: The cup.")
        Descriptions(parameters={'n': 'How many.'}, result='The cup.')
    """
    found = _FIRST_SECTION.search(doc)
    if found is None or found.lastgroup is None:
        return Descriptions({}, None)
    read = _parsed(doc, found.lastgroup)
    if read is not None:
        return read
    parameters: dict[str, str] = {}
    result = None
    for entry in _entries(doc, found.lastgroup):
        part = _parsed(entry, found.lastgroup) or _NONE
        parameters = {**part.parameters, **parameters}
        result = result or part.result
    return Descriptions(parameters, result)


_NONE = Descriptions({}, None)


def _parsed(doc: str, style: str) -> Descriptions | None:
    """Return the descriptions that the library finds, None if a section is malformed."""
    import docstring_parser  # most docstrings have no sections

    try:
        parsed = docstring_parser.parse(doc, docstring_parser.DocstringStyle[style])
    except docstring_parser.ParseError:
        return None
    parameters = {each.arg_name: each.description for each in parsed.params if each.description}
    result = parsed.returns.description if parsed.returns is not None else None
    return Descriptions(parameters, result or None)


_TITLE = re.compile(r"^[A-Z]\w*( \w+)?:$")


def _entries(doc: str, style: str) -> list[str]:
    """Split a docstring into one docstring for each entry of a section, with the title of the section."""
    import inspect  # few docstrings are malformed

    entries: list[str] = []
    title, indent = "", -1
    for line in inspect.cleandoc(doc).splitlines():
        depth = len(line) - len(line.lstrip())
        if style == "REST":
            if line.startswith(":"):
                entries.append(line)
            elif entries:
                entries[-1] += f"\n{line}"
        elif _TITLE.match(line):
            title, indent = line, -1
        elif title and line.strip():
            indent = depth if indent < 0 else indent
            if depth <= indent:
                entries.append(f"Entry.\n\n{title}\n    {line.strip()}")
            else:
                entries[-1] += f"\n        {line.strip()}"
    return entries
