"""Small things without a domain noun: the sentinel for "not given", suggestions for a misspelt name,
warnings, texts as names of files, and files beside a module.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final


class Unset(enum.Enum):
    """The type of `UNSET`, so that a type checker can tell it from any value."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""Stands for an argument that was not given, where None is a value."""

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=@+,[]:| ")
_LONGEST = 200


def nearest(name: object, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known names that look like `name`, or an empty text.

    Example:
        >>> nearest("bens", ["beans", "brew"])
        " Did you mean 'beans'?"
        >>> nearest("zzz", ["beans"])
        ''
    """
    import difflib  # only an error message needs it

    close = difflib.get_close_matches(str(name), list(known), n=3)
    return f" Did you mean {' or '.join(repr(match) for match in close)}?" if close else ""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's code that called into dagflow."""
    import sys
    import warnings  # few programs are warned

    level, frame = 2, sys._getframe(1)  # noqa: SLF001 - there is no public way that costs as little
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("dagflow."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def file_relative_path(dunderfile: str, relative_path: str) -> str:
    """The path of a file that lies beside a module, wherever the program was started.

    Args:
        dunderfile: The module's `__file__`.
        relative_path: Where the file is, seen from the module's folder.

    Example:
        >>> from pathlib import Path
        >>> Path(file_relative_path("shop/jobs.py", "prices.csv")).as_posix()
        'shop/prices.csv'
    """
    import os.path  # few programs ask

    return os.path.join(os.path.dirname(dunderfile), relative_path)


def escaped(part: str) -> str:
    """A text as one file name: never empty, never "." or "..", without separators, not too long.

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
