"""Live objects as strings and roots: values at run time, and the functions and classes in them."""

from __future__ import annotations

import enum
import hashlib
import marshal
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from functools import partial
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

from dagflow._util import has_class
from dagflow.analysis.code.definitions import functions_of, is_definition
from dagflow.copies import WithFirst
from dagflow.values import ByValue

_SCALARS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented))
_PLAIN = frozenset(_SCALARS)
_SEQUENCES = (list, tuple, deque)
_SETS = (set, frozenset)
_MAPPINGS = (dict, OrderedDict, defaultdict, MappingProxyType)
_BY_REPR = frozenset(
    ["datetime", "decimal", "fractions", "pathlib", "re", "uuid", "zoneinfo", "ipaddress", "builtins"]
)
"""The modules whose values have a repr that holds the whole value."""
_PRINTED_BITS = 2000  # `repr` refuses an integer with very many digits
_LIMIT = 20_000
_ARRAY_LIMIT = 1 << 28
"""The size in bytes above which the content of an array is unknown."""
_OWN = ("dagflow", "pytest_dagflow")
_WITH_CODE = (FunctionType, MethodType, partial, type, ByValue)


class Described:
    """The text of a value.

    Args:
        value: The value.
        is_public: Whether attributes that begin with an underscore are left out.
        stops: Whether the functions of definitions are left out.

    Attributes:
        text: The text.
        roots: The functions and classes in the value.
        is_plain: Whether the text holds the whole value.
        is_opaque: Whether a part of the value cannot be described.
    """

    def __init__(self, value: object, *, is_public: bool = False, stops: bool = False) -> None:
        self.roots: list[Any] = []
        self.is_plain: bool = True
        self.is_opaque: bool = False
        self._is_public = is_public
        self._stops = stops
        self._count = 0
        self._within: dict[int, object] = {}
        self.text: str = self._text(value)

    def _text(self, value: Any) -> str:
        cls = type(value)
        if cls in _PLAIN:
            is_long = cls is int and value.bit_length() > _PRINTED_BITS
            return hex(value) if is_long else repr(value)
        self._count += 1
        if self._count > _LIMIT:
            return self._unknown(value)
        if cls is FunctionType:
            return self._root(value, name_of(value))
        if (cls is list or cls is tuple) and not value:
            return cls.__name__
        identity = id(value)
        if identity in self._within:
            return f"<again {cls.__qualname__}>"
        self._within[identity] = value
        try:
            return self._structure(value, cls)
        finally:
            del self._within[identity]

    def _structure(self, value: Any, cls: type) -> str:
        if cls in _SEQUENCES:
            return f"{cls.__name__}[{','.join(self._text(one) for one in value)}]"
        if cls in _SETS:
            return f"{cls.__name__}{{{','.join(sorted(self._text(one) for one in value))}}}"
        if cls in _MAPPINGS:
            rows = (f"{self._text(key)}:{self._text(one)}" for key, one in value.items())
            return f"{cls.__name__}{{{','.join(rows)}}}"
        if has_class(value, type):
            return self._root(value, f"class {value.__module__}.{value.__qualname__}")
        if cls is MethodType:
            return f"method {self._text(value.__func__)} of {self._text(value.__self__)}"
        if cls is BuiltinFunctionType:
            return f"builtin {value.__module__}.{value.__qualname__}"
        if has_class(value, partial):
            return f"partial {self._text([value.func, value.args, value.keywords])}"
        if has_class(value, ModuleType):
            self.is_plain = False
            return f"module {value.__name__}"
        return self._object(value, cls)

    def _root(self, value: Any, text: str) -> str:
        self.roots.append(value)
        self.is_plain = False
        return text

    def _object(self, value: Any, cls: type) -> str:
        name = f"{cls.__module__}.{cls.__qualname__}"
        top = cls.__module__.partition(".")[0]
        if has_class(value, enum.Enum):
            self.roots.append(cls)
            return f"{name}.{value.name}={self._text(value.value)}"
        if top in _BY_REPR and (text := _repr(value)):
            return f"{name} {text}"
        if top in _OWN:
            return self._own(value, name)
        attributes = _attributes(value)
        wrapped = attributes.get("__wrapped__")
        if callable(wrapped):
            return f"{name} of {self._text(wrapped)}"
        is_known = is_dataclass(cls) or bool(attributes)
        self.roots.append(cls)
        if issubclass(cls, (*_SCALARS[1:], *_SEQUENCES, *_SETS, *_MAPPINGS)):
            return f"{name} {self._based(value, cls)} {self._attributes(attributes)}"
        if not is_known:
            return self._array(value, name) or self._unknown(value)
        if not is_dataclass(cls):
            self.is_plain = False
        return f"{name}({self._attributes(attributes)})"

    def _array(self, value: Any, name: str) -> str:
        """Return the text of an array, whose repr may be shortened; empty for any other object."""
        try:
            view = memoryview(value)
            if "O" in view.format or view.nbytes > _ARRAY_LIMIT:  # O: it holds addresses
                return ""
            digest = hashlib.blake2b(view.tobytes(), digest_size=12).hexdigest()
        except (BufferError, NotImplementedError, TypeError, ValueError):
            return ""
        self.is_plain = False
        return f"{name} {view.format}{view.shape} {digest}"

    def _based(self, value: Any, cls: type) -> str:
        """Return the text of a value whose class inherits from a class of plain data."""
        if issubclass(cls, dict):
            return self._text(dict(dict.items(value)))  # by the base, because the class may refuse
        for made, bases in ((frozenset, _SETS), (tuple, _SEQUENCES)):
            for base in bases:
                if issubclass(cls, base):
                    return self._text(made(base.__iter__(value)))
        for scalar in (int, float, complex, str, bytes):
            if issubclass(cls, scalar):
                return scalar.__repr__(value)
        return ""

    def _attributes(self, attributes: Mapping[str, object]) -> str:
        rows = []
        for name, one in sorted(attributes.items()):
            is_simple = issubclass(type(one), (*_SCALARS, tuple, frozenset))
            if name.startswith("_") and (self._is_public or not is_simple):
                continue  # such as a cache or a connection
            rows.append(f"{name}={self._text(one)}")
        return ",".join(rows)

    def _own(self, value: Any, name: str) -> str:
        """Return the text of an object of dagflow: its repr, and the functions and objects in it."""
        self.is_plain = False
        functions = [] if self._stops and is_definition(value) else functions_of(value)
        if functions or is_definition(value):
            return f"{name} of {[self._text(one) for one in functions]}"
        if isinstance(value, WithFirst):
            return f"{name} {self._text([value.function, value.first])}"
        if isinstance(value, tuple):
            return f"{name} {self._text(tuple(value))}"
        if isinstance(value, ByValue):
            return f"{name} {[self._text(getattr(value, one)) for one in value.field_names()]}"
        inner = [
            self._text(one)
            for _, one in sorted(_attributes(value).items())
            if issubclass(type(one), _WITH_CODE) or _is_of_project(one)
        ]
        return f"{name} {_repr(value)} {inner}"

    def _unknown(self, value: object) -> str:
        self.is_plain = False
        self.is_opaque = True
        return f"<{type(value).__module__}.{type(value).__qualname__}>"


def name_of(function: FunctionType) -> str:
    """Return the text of a function as part of a value. Its code is a root."""
    return f"function {function.__qualname__}"


def _repr(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # the repr of a user's object in it may raise any
        return ""
    return "" if " at 0x" in text else text


def _is_of_project(value: object) -> bool:
    cls = type(value)
    top = cls.__module__.partition(".")[0]
    return not issubclass(cls, (*_SCALARS, *_SEQUENCES, *_SETS, *_MAPPINGS)) and top not in (
        *_OWN,
        *_BY_REPR,
    )


def _attributes(value: object) -> dict[str, Any]:
    """Return the attributes of an object, those in slots too. Nothing is computed."""
    found: dict[str, Any] = {}
    for cls in reversed(type(value).__mro__):
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            if isinstance(name, str) and name not in ("__dict__", "__weakref__"):
                with suppress(AttributeError):  # not set
                    found[name] = object.__getattribute__(value, name)
    own = None
    with suppress(AttributeError):
        own = object.__getattribute__(value, "__dict__")
    if type(own) is dict:
        found.update({name: one for name, one in own.items() if isinstance(name, str)})
    return found


def plain_key(value: Any) -> bytes | None:
    """Return a key of plain data, equal only for equal data; None for a value with other objects.

    Example:
        >>> plain_key([1, None]) == plain_key([1, None]), plain_key([1]) == plain_key([True])
        (True, False)
    """
    try:
        return marshal.dumps(value, 2)  # accepts plain data only; a later version depends on identities
    except ValueError:
        return None


def plain_text(value: Any) -> str | None:
    """Return the repr of plain data; None for a value with sets, very long numbers or other objects.

    It is much faster than `Described`, and most facts of definitions are plain.

    Example:
        >>> plain_text([1, {"a": None}]), plain_text([print]), plain_text([{1}])
        ("[1, {'a': None}]", None, None)
    """
    try:
        text = repr(value) if _is_plain(value) else None
    except (RecursionError, ValueError):  # too deep; an integer with more digits than Python prints
        return None
    return None if text is None or " at 0x" in text else text


def _is_plain(value: Any) -> bool:
    """Return whether the repr of a value is the whole value, in a fixed order.

    That of a set has no fixed order, and that of an array may be shortened.
    """
    cls = type(value)
    if cls in _PLAIN:
        return True
    if cls is dict:
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return (cls is tuple or cls is list) and all(map(_is_plain, value))


def layers(function: Any) -> Iterator[Any]:
    """Yield a function and what it wraps: the inner functions of decorators, methods and partials."""
    seen: set[int] = set()
    while function is not None and id(function) not in seen:
        seen.add(id(function))
        yield function
        if isinstance(function, partial):
            function = function.func
        elif isinstance(function, MethodType):
            function = function.__func__
        else:
            attributes = vars(function) if type(function) is FunctionType else _attributes(function)
            function = attributes.get("__wrapped__") or attributes.get("func")


def bound_values(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield the values that a function has beside its code: closure cells and defaults, with their names."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # not filled yet
            yield name, cell.cell_contents
    for index, value in enumerate(function.__defaults__ or ()):
        yield f"default {index}", value
    yield from sorted((function.__kwdefaults__ or {}).items())


def compiled(function: FunctionType) -> str:
    """Return a hash of the compiled code of a function, for one without source."""
    return hashlib.sha256(_code_text(function.__code__).encode()).hexdigest()[:24]


def _code_text(code: Any) -> str:
    constants = [
        _code_text(one) if hasattr(one, "co_code") else _constant_text(one) for one in code.co_consts
    ]
    return repr((code.co_code.hex(), constants, code.co_names, code.co_varnames))


def _constant_text(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def methods_of(cls: type) -> list[FunctionType]:
    """Return the functions that a class itself defines."""
    parts = [
        part
        for _, value in sorted(vars(cls).items())
        for part in (value, *(getattr(value, name, None) for name in ("__func__", "fget", "fset", "func")))
    ]
    return [part for part in parts if isinstance(part, FunctionType)]
