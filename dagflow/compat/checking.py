"""The checks of arguments that packages import from the private module `dagster._check`.

Most functions come in a family: `x_param` checks an argument, `opt_x_param` also allows None and returns
the default, `opt_nullable_x_param` returns None for None, `x_elem` checks an entry of a dict. All return the
value. A wrong type of an argument is a ParameterCheckError, of an entry an ElementCheckError, of a member a
CheckError.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from dagflow.errors import CheckError, ElementCheckError, ParameterCheckError, repr_of

T = TypeVar("T")
_Kind = type | tuple[type, ...]
_Members = Callable[..., None]

Numeric = int | float


class NotImplementedCheckError(CheckError):
    """A case that the code does not handle yet."""


def failed(desc: str) -> NoReturn:
    """Raise a CheckError."""
    raise CheckError(desc if isinstance(desc, str) else f"the description of a failure is {repr_of(desc)}")


def not_implemented(desc: str) -> NoReturn:
    """Raise the error about a case that is not handled yet."""
    raise NotImplementedCheckError(f"not implemented: {desc}")


def assert_never(value: object) -> NoReturn:
    """Raise the error about a value that no branch handles."""
    failed(f"unhandled value: {repr_of(value)} ({type(value).__name__})")


def invariant(condition: Any, desc: str | None = None) -> bool:
    """Check that a condition is true.

    Raises:
        CheckError: It is not.

    Example:
        >>> invariant(1 < 2, "numbers are in order")
        True
    """
    if not condition:
        failed(f"invariant failed: {desc}" if desc else "invariant failed")
    return True


def param_invariant(condition: Any, param_name: str, desc: str | None = None) -> None:
    """Check a condition about an argument.

    Raises:
        ParameterCheckError: It is not true.
    """
    if not condition:
        raise ParameterCheckError(
            f"invariant of the parameter '{param_name}' failed{': ' if desc else ''}{desc or ''}"
        )


def not_none(value: T | None, additional_message: str | None = None) -> T:
    """Return a value that is not None.

    Raises:
        CheckError: It is None.

    Example:
        >>> not_none(0)
        0
    """
    if value is None:
        failed(_with_more("expected a value that is not None", additional_message))
    return value


def not_none_param(obj: T | None, param_name: str, additional_message: str | None = None) -> T:
    """Return an argument that is not None.

    Raises:
        ParameterCheckError: It is None.
    """
    if obj is None:
        raise ParameterCheckError(_with_more(f"the parameter '{param_name}' is None", additional_message))
    return obj


def inst_param(obj: T, param_name: str, ttype: _Kind, additional_message: str | None = None) -> T:
    """Return an argument that is an instance of a class, or of one of several.

    Raises:
        ParameterCheckError: It is not.

    Example:
        >>> inst_param(3, "cups", (int, float))
        3
    """
    if not isinstance(obj, ttype):
        raise ParameterCheckError(_mismatch(f"the parameter '{param_name}'", ttype, obj, additional_message))
    return obj


def opt_inst_param(
    obj: T | None,
    param_name: str,
    ttype: _Kind,
    default: T | None = None,
    additional_message: str | None = None,
) -> T | None:
    """Return an argument that is an instance of a class, or the default for None."""
    return default if obj is None else inst_param(obj, param_name, ttype, additional_message)


def inst(obj: object, ttype: _Kind, additional_message: str | None = None) -> Any:
    """Return a value that is an instance of a class, or of one of several.

    Raises:
        CheckError: It is not.
    """
    if not isinstance(obj, ttype):
        raise CheckError(_mismatch("the object", ttype, obj, additional_message))
    return obj


def opt_inst(obj: object, ttype: _Kind, additional_message: str | None = None) -> Any:
    """Return a value that is an instance of a class, or None."""
    return None if obj is None else inst(obj, ttype, additional_message)


def _mismatch(what: str, wanted: _Kind, obj: object, more: str | None) -> str:
    kinds = " or ".join(kind.__name__ for kind in (wanted if isinstance(wanted, tuple) else (wanted,)))
    return _with_more(f"{what} is not a {kinds}: {repr_of(obj)} of type '{type(obj).__name__}'", more)


def _with_more(message: str, more: str | None) -> str:
    return f"{message}. {more}" if more else message


def _members(container: Iterable[Any], of_type: _Kind | None = None) -> None:
    """Check that all members of a collection have a type."""
    for member in container if of_type is not None else ():
        inst(member, of_type or object, f"It is a member of a {type(container).__name__}.")


def _shaped_members(
    container: Iterable[Any], of_type: _Kind | None = None, of_shape: Sequence[_Kind] | None = None
) -> None:
    """Check the members of a tuple: all of one type, or each of its own."""
    if of_type is not None and of_shape is not None:
        failed("give one of `of_type` and `of_shape`")
    if of_shape is not None:
        members = tuple(container)
        if len(members) != len(of_shape):
            failed(f"a tuple of {len(members)} members should have {len(of_shape)}: {repr_of(members)}")
        for index, (member, kind) in enumerate(zip(members, of_shape, strict=True)):
            inst(member, kind, f"It is the member {index} of a tuple.")
    _members(container, of_type)


def _entries(
    mapping: Mapping[Any, Any], key_type: _Kind | None = None, value_type: _Kind | None = None
) -> None:
    for key, value in mapping.items():
        if key_type is not None:
            inst(key, key_type, "It is a key of a dict.")
        if value_type is not None:
            inst(value, value_type, f"It is the value of the key {repr_of(key)} of a dict.")


def _nothing(_: Any) -> None:
    """Check no members."""


# the number of types that each check of members takes
_TYPES: dict[_Members, int] = {_nothing: 0, _members: 1, _shaped_members: 2, _entries: 2}


class _Family:
    """The functions for one type.

    Args:
        kind: The type.
        empty: Makes the value that the optional function returns for None; None for a type with a default.
        members: Checks the members, with the further arguments of the functions.
        other_than: A type whose values are refused.
    """

    def __init__(
        self,
        kind: _Kind,
        empty: Callable[[], Any] | None = None,
        members: _Members = _nothing,
        other_than: tuple[type, ...] = (),
    ) -> None:
        self._kind, self._empty, self._check_members, self._other_than = kind, empty, members, other_than

    def param(
        self, obj: Any, param_name: str, *rest: Any, additional_message: str | None = None, **named: Any
    ) -> Any:
        """Check an argument."""
        types, message = self._divided(rest, additional_message)
        if isinstance(obj, self._other_than):
            raise ParameterCheckError(_mismatch(f"the parameter '{param_name}'", self._kind, obj, message))
        inst_param(obj, param_name, self._kind, message)
        self._check_members(obj, *types, **named)
        return obj

    def optional(self, obj: Any, param_name: str, *rest: Any, **named: Any) -> Any:
        """Check an argument, or return the default for None."""
        if self._empty is not None:
            return self._empty() if obj is None else self.param(obj, param_name, *rest, **named)
        default = named.pop("default", rest[0] if rest else None)
        return default if obj is None else self.param(obj, param_name, *rest[1:], **named)

    def nullable(self, obj: Any, param_name: str, *rest: Any, **named: Any) -> Any:
        """Check an argument, or return None for None."""
        return None if obj is None else self.param(obj, param_name, *rest, **named)

    def elem(
        self,
        ddict: Mapping[Any, Any],
        key: str,
        *rest: Any,
        additional_message: str | None = None,
        **named: Any,
    ) -> Any:
        """Check an entry of a dict."""
        types, message = self._divided(rest, additional_message)
        value = ddict.get(key) if self._empty is not None else ddict[key]
        if not isinstance(value, self._kind):
            raise ElementCheckError(
                _mismatch(f"the value of the key {repr_of(key)}", self._kind, value, message)
            )
        self._check_members(value, *types, **named)
        return value

    def optional_elem(self, ddict: Mapping[Any, Any], key: str, *types: Any, **named: Any) -> Any:
        """Check an entry of a dict, or return the default for a missing one or None."""
        if ddict.get(key) is None:
            return self._empty() if self._empty is not None else None
        return self.elem(ddict, key, *types, **named)

    def nullable_elem(self, ddict: Mapping[Any, Any], key: str, *types: Any, **named: Any) -> Any:
        """Check an entry of a dict, or return None for a missing one."""
        return None if ddict.get(key) is None else self.elem(ddict, key, *types, **named)

    def value(self, obj: Any, *rest: Any, additional_message: str | None = None, **named: Any) -> Any:
        """Check a value that is not an argument."""
        types, message = self._divided(rest, additional_message)
        inst(obj, self._kind, message)
        self._check_members(obj, *types, **named)
        return obj

    def _divided(self, rest: tuple[Any, ...], message: str | None) -> tuple[tuple[Any, ...], str | None]:
        """Return the types of the members, and the further message, which may be the last position."""
        count = _TYPES[self._check_members]
        return rest[:count], rest[count] if len(rest) > count else message


_str, _int, _float, _bool = _Family(str), _Family(int), _Family(float), _Family(bool)
_numeric = _Family((int, float))
_list, _tuple = _Family(list, list, _members), _Family(tuple, tuple, _shaped_members)
_set = _Family((set, frozenset), frozenset, _members)
_sequence = _Family(Sequence, list, _members, other_than=(str,))
_iterable = _Family(Iterable, list, _members, other_than=(str,))
_dict, _mapping = _Family(dict, dict, _entries), _Family(Mapping, dict, _entries)

str_param, opt_str_param, str_elem, opt_str_elem = _str.param, _str.optional, _str.elem, _str.optional_elem
int_param, opt_int_param, int_elem, opt_int_elem = _int.param, _int.optional, _int.elem, _int.optional_elem
float_param, opt_float_param = _float.param, _float.optional
float_elem, opt_float_elem = _float.elem, _float.optional_elem
bool_param, opt_bool_param = _bool.param, _bool.optional
bool_elem, opt_bool_elem = _bool.elem, _bool.optional_elem
numeric_param, opt_numeric_param = _numeric.param, _numeric.optional
list_param, opt_list_param, opt_nullable_list_param = _list.param, _list.optional, _list.nullable
list_elem, opt_list_elem, is_list = _list.elem, _list.optional_elem, _list.value
tuple_param, opt_tuple_param, opt_nullable_tuple_param = _tuple.param, _tuple.optional, _tuple.nullable
tuple_elem, opt_tuple_elem, is_tuple = _tuple.elem, _tuple.optional_elem, _tuple.value
set_param, opt_set_param, opt_nullable_set_param = _set.param, _set.optional, _set.nullable
sequence_param, opt_sequence_param = _sequence.param, _sequence.optional
opt_nullable_sequence_param = _sequence.nullable
iterable_param, opt_iterable_param = _iterable.param, _iterable.optional
opt_nullable_iterable_param, is_iterable = _iterable.nullable, _iterable.value
dict_param, opt_dict_param, opt_nullable_dict_param = _dict.param, _dict.optional, _dict.nullable
dict_elem, opt_dict_elem, opt_nullable_dict_elem = _dict.elem, _dict.optional_elem, _dict.nullable_elem
is_dict = _dict.value
mapping_param, opt_mapping_param = _mapping.param, _mapping.optional
opt_nullable_mapping_param = _mapping.nullable
iterator_param = _Family(Iterator).param
generator_param = _Family(Generator).param


def generator(obj: object) -> Any:
    """Return a generator.

    Raises:
        ParameterCheckError: It is something else.
    """
    return generator_param(obj, "obj")


def opt_nonempty_str_param(
    obj: Any, param_name: str, default: str | None = None, additional_message: str | None = None
) -> str | None:
    """Return a string, or the default for None and for an empty one."""
    return opt_str_param(obj, param_name, default, additional_message) or default


def path_param(obj: Any, param_name: str, additional_message: str | None = None) -> str:
    """Return a path as a string.

    Raises:
        ParameterCheckError: It is neither a string nor a path.
    """
    inst_param(obj, param_name, (str, os.PathLike), additional_message)
    path: str = os.fspath(obj)
    return path


def opt_path_param(
    obj: Any, param_name: str, default: Any = None, additional_message: str | None = None
) -> str | None:
    """Return a path as a string, or the default for None."""
    if obj is None:
        return None if default is None else os.fspath(default)
    return path_param(obj, param_name, additional_message)


def callable_param(obj: T, param_name: str, additional_message: str | None = None) -> T:
    """Return an argument that can be called.

    Raises:
        ParameterCheckError: It cannot be called.
    """
    inst_param(obj, param_name, Callable, additional_message)  # type: ignore[arg-type]
    return obj


def opt_callable_param(
    obj: T | None, param_name: str, default: T | None = None, additional_message: str | None = None
) -> T | None:
    """Return an argument that can be called, or the default for None."""
    return default if obj is None else callable_param(obj, param_name, additional_message)


def is_callable(obj: T, additional_message: str | None = None) -> T:
    """Return a value that can be called.

    Raises:
        CheckError: It cannot be called.
    """
    inst(obj, Callable, additional_message)  # type: ignore[arg-type]
    return obj


def class_param(
    obj: Any, param_name: str, superclass: type | None = None, additional_message: str | None = None
) -> Any:
    """Return an argument that is a class, and a subclass of another one.

    Raises:
        ParameterCheckError: It is not.
    """
    if not inspect.isclass(obj) or not issubclass(obj, superclass or object):
        wanted = f"a subclass of {superclass.__name__}" if superclass else "a class"
        message = f"the parameter '{param_name}' is not {wanted}: {repr_of(obj)}"
        raise ParameterCheckError(_with_more(message, additional_message))
    return obj


def opt_class_param(
    obj: Any,
    param_name: str,
    default: type | None = None,
    superclass: type | None = None,
    additional_message: str | None = None,
) -> Any:
    """Return an argument that is a class, or the default for None."""
    return default if obj is None else class_param(obj, param_name, superclass, additional_message)


def literal_param(
    obj: T, param_name: str, values: Sequence[object], additional_message: str | None = None
) -> T:
    """Return an argument that is one of some values.

    Raises:
        ParameterCheckError: It is another value.
    """
    if obj not in values:
        message = f"the parameter '{param_name}' is {repr_of(obj)}, which is none of {list(values)}"
        raise ParameterCheckError(_with_more(message, additional_message))
    return obj


def opt_literal_param(
    obj: T | None, param_name: str, values: Sequence[object], additional_message: str | None = None
) -> T | None:
    """Return an argument that is one of some values, or None."""
    return None if obj is None else literal_param(obj, param_name, values, additional_message)


def two_dim_dict_param(
    obj: Any,
    param_name: str,
    key_type: _Kind = str,
    value_type: _Kind | None = None,
    additional_message: str | None = None,
) -> Any:
    """Return a dict of dicts.

    Raises:
        ParameterCheckError: It is no dict.
        CheckError: A value is no dict, or a key or inner value has another type.
    """
    dict_param(obj, param_name, key_type, dict, additional_message=additional_message)
    for inner in obj.values():
        _entries(inner, key_type, value_type)
    return obj


def opt_two_dim_dict_param(obj: Any, param_name: str, *types: Any, **named: Any) -> Any:
    """Return a dict of dicts; an empty one for None."""
    return {} if obj is None else two_dim_dict_param(obj, param_name, *types, **named)
