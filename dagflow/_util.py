"""Small utilities: the sentinel for "not given", questions about the class of a user's value, suggestions for
a misspelt name, warnings, strings as file names, and paths relative to a module.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from types import FunctionType, GenericAlias, UnionType
from typing import Any, Final, ForwardRef, TypeGuard, TypeVar, Union, get_origin

_T = TypeVar("_T")


class Unset(enum.Enum):
    """The type of `UNSET`. Type checkers can distinguish it from all other values."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""The default of an argument for which None is a value: not given."""


def has_class(value: object, cls: type[_T]) -> TypeGuard[_T]:
    """Return whether the class of a value is `cls` or a subclass.

    Unlike `isinstance`, it does not believe `value.__class__`: a `Mock(spec=X)` claims to be an X.

    Example:
        >>> from unittest.mock import Mock
        >>> has_class(3, int), has_class(Mock(spec=int), int)
        (True, False)
    """
    return issubclass(type(value), cls)


def class_has(value: object, name: str) -> bool:
    """Return whether the class of a value declares an attribute.

    Unlike `hasattr`, it does not ask the value, because a double answers to every name.

    Example:
        >>> from unittest.mock import Mock
        >>> class_has("beans", "upper"), class_has(Mock(), "upper")
        (True, False)
    """
    return hasattr(type(value), name)


def is_double(value: object) -> bool:
    """Return whether a value is an object of `unittest.mock`, or of its backport.

    Example:
        >>> from unittest.mock import MagicMock
        >>> is_double(MagicMock()), is_double(3)
        (True, False)
    """
    return any(cls.__name__ == "NonCallableMock" for cls in type(value).__mro__)


_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=@+,[]:| ")
_LONGEST = 200


def listed(names: Iterable[object], at_most: int = 12) -> str:
    """Return the first of some names as a text.

    Example:
        >>> listed(["beans", "brew", "cup"], at_most=2)
        "'beans', 'brew' and 1 more"
    """
    known = list(dict.fromkeys(names))
    text = ", ".join(f"'{name}'" for name in known[:at_most])
    return text if len(known) <= at_most else f"{text} and {len(known) - at_most} more"


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


def attribute_of(value: Any, name: str, default: Any = None) -> Any:
    """Return an attribute of any value, the default if it has none or refuses to answer, as a lazy proxy may.

    Example:
        >>> attribute_of(len, "__name__"), attribute_of(3, "__name__")
        ('len', None)
    """
    try:
        return getattr(value, name, default)
    except Exception:
        return default


def takes(fn: Any, count: int) -> bool:
    """Return whether a function can be called with `count` positional arguments, True if that is unknown.

    Example:
        >>> takes(lambda context: 1, 1), takes(lambda *, context: 1, 1), takes(lambda a, b=1: 1, 1)
        (True, False, True)
    """
    if type(fn) is FunctionType and not fn.__dict__:  # no `__wrapped__` and no `__signature__`
        code = fn.__code__
        required = code.co_argcount - len(fn.__defaults__ or ())
        if required > count or code.co_kwonlyargcount > len(fn.__kwdefaults__ or ()):
            return False
        return count <= code.co_argcount or bool(code.co_flags & 0x04)  # 0x04: it has *args
    import inspect  # imported lazily: few functions need it

    try:
        try:
            signature = inspect.signature(fn)
        except ValueError:  # as of a function that wraps itself
            signature = inspect.signature(fn, follow_wrapped=False)
    except (TypeError, ValueError):  # as of some functions of C
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _abbreviates(short: str, long: str) -> bool:
    """Return whether a name is the first letter of a longer one and further letters of it, in their order."""
    if len(short) < 2 or short[0] != long[:1]:
        return False
    letters = iter(long)
    return all(letter in letters for letter in short)


MAX_DEPTH = 200
"""The most levels of dicts and lists in a value without a schema. Walks below it raise RecursionError."""


def to_json(value: object) -> str:
    """Encode a value as JSON.

    Raises:
        TypeError, ValueError: The value cannot be encoded.
        RecursionError: The value has too many levels. `json` itself has no limit on Python 3.14.

    Example:
        >>> to_json({"cups": [1, 2]})
        '{"cups": [1, 2]}'
    """
    import json  # imported lazily: few definitions have such values

    walked: list[tuple[object, int]] = [(value, 1)]
    while walked:
        item, level = walked.pop()
        if level > MAX_DEPTH:
            raise RecursionError(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, dict):
            walked += [(inner, level + 1) for inner in item.values()]
        elif isinstance(item, (list, tuple)):
            walked += [(inner, level + 1) for inner in item]
    return json.dumps(value)


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


def with_forward_refs(annotation: Any) -> Any:
    """Return an annotation with ForwardRefs in place of the strings in `list["Cup"]` and similar forms.

    Python evaluates these strings itself since version 3.11.

    Example:
        >>> with_forward_refs(dict[str, list["Cup"]])
        dict[str, list[ForwardRef('Cup')]]
    """
    parts = getattr(annotation, "__args__", ())
    if not isinstance(annotation, (GenericAlias, UnionType)) and get_origin(annotation) is not Union:
        return annotation
    inner = tuple(ForwardRef(part) if isinstance(part, str) else with_forward_refs(part) for part in parts)
    if isinstance(annotation, GenericAlias):
        origin: Any = annotation.__origin__
        return GenericAlias(origin, inner)
    return Union[inner]  # noqa: UP007 - of values
