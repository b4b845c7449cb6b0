"""Small utilities: the sentinel for "not given", suggestions for a misspelt name, the repr of a value,
warnings, strings as file names, and paths relative to a module.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final


class Unset(enum.Enum):
    """The type of `UNSET`. Type checkers can distinguish it from all other values."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""The default of an argument for which None is a value: not given."""

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=@+,[]:| ")
_LONGEST = 200


def nearest(name: object, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known names that are similar to `name`, or an empty string.

    Example:
        >>> nearest("bens", ["beans", "brew"])
        " Did you mean 'beans'?"
        >>> nearest("db", ["beans", "database"])
        " Did you mean 'database'?"
        >>> nearest("zzz", ["beans"])
        ''
    """
    import difflib  # imported lazily: only error messages use it

    names, wanted = list(known), str(name)
    close = difflib.get_close_matches(wanted, names, n=3)
    if not close:
        close = [other for other in names if _abbreviates(wanted, other) or _abbreviates(other, wanted)][:3]
    return f" Did you mean {' or '.join(repr(match) for match in close)}?" if close else ""


def _abbreviates(short: str, long: str) -> bool:
    """Return whether a name is the first letter of a longer one and further letters of it, in their order."""
    if len(short) < 2 or short[0] != long[:1]:
        return False
    letters = iter(long)
    return all(letter in letters for letter in short)


def shown_value(value: object) -> str:
    """Return the repr of a value for a message; a short one, if the value is nested too deep for its repr.

    Example:
        >>> shown_value({"cups": 2})
        "{'cups': 2}"
    """
    try:
        return repr(value)
    except RecursionError:
        import reprlib  # imported lazily: few values are nested that deep

        return reprlib.repr(value)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the line of the user's code that called dagflow."""
    import sys
    import warnings  # imported lazily: few programs get a warning

    level, frame = 2, sys._getframe(1)  # noqa: SLF001 - the public functions are slower
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("dagflow."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def file_relative_path(dunderfile: str, relative_path: str) -> str:
    """Return the path of a file next to a module, independent of the current folder.

    Args:
        dunderfile: The `__file__` of the module.
        relative_path: The path of the file, relative to the folder of the module.

    Example:
        >>> from pathlib import Path
        >>> Path(file_relative_path("shop/jobs.py", "prices.csv")).as_posix()
        'shop/prices.csv'
    """
    import os.path  # imported lazily: few programs use it

    return os.path.join(os.path.dirname(dunderfile), relative_path)


def escaped(part: str) -> str:
    """Convert a string to a file name of at most 200 characters: not empty, not "." or "..", no separators.

    Example:
        >>> escaped("2024-01-01"), escaped("../x"), escaped("")
        ('2024-01-01', '%2E%2E%2Fx', '%')
    """
    raw = part.encode("utf-8", "surrogatepass")
    dots_only = not raw.strip(b".")
    text = "".join(
        chr(byte)
        if byte in _SAFE or (byte == 0x2E and not dots_only and not raw.startswith(b"."))
        else f"%{byte:02X}"
        for byte in raw
    )
    if len(text) > _LONGEST:
        import hashlib

        digest = hashlib.sha256(raw).hexdigest()
        text = f"{text[: _LONGEST - 66].rstrip('%')}%%{digest}"
    return text or "%"
