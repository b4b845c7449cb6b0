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
    """Return the descriptions in the sections of a docstring; none if it has no sections or is malformed.

    Example:
        >>> read_docstring("Brews.\\n\\nArgs:\\n    n (int): How many.\\n\\nReturns:\\n    str: The cup.")
        Descriptions(parameters={'n': 'How many.'}, result='The cup.')
    """
    found = _FIRST_SECTION.search(doc)
    if found is None or found.lastgroup is None:
        return Descriptions({}, None)
    import docstring_parser  # most docstrings have no sections

    try:
        parsed = docstring_parser.parse(doc, docstring_parser.DocstringStyle[found.lastgroup])
    except docstring_parser.ParseError:
        return Descriptions({}, None)
    parameters = {each.arg_name: each.description for each in parsed.params if each.description}
    result = parsed.returns.description if parsed.returns is not None else None
    return Descriptions(parameters, result or None)
