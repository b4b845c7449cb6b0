"""Names in Markdown reports: text and code of which Markdown and HTML interpret nothing."""

from __future__ import annotations

import string

from pytest_dagflow.report_files import visible

_ENTITIES = {ord(one): f"&#{ord(one)};" for one in string.punctuation}


def code(text: str) -> str:
    """Return a text as code of which Markdown and HTML interpret nothing, also inside a table.

    Example:
        >>> code("a|b")
        '<code>a&#124;b</code>'
    """
    return f"<code>{escaped(text)}</code>"


def escaped(text: str) -> str:
    """Return a text in one line of which Markdown and HTML interpret nothing.

    Example:
        >>> escaped("*a*\\n")
        '&#42;a&#42;&#92;n'
    """
    return visible(text).translate(_ENTITIES)
