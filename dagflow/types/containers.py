"""The types with inner types: `list[int]`, `dict[str, int]`, `Cup | None`. Only annotations create them."""

# ruff: noqa: UP006 - `typing.List` and its like are types, and the spelling of annotations that are kept
from __future__ import annotations

import typing
from collections.abc import Iterable
from typing import Any as AnyValue

from dagflow.config.scalar import SCALARS
from dagflow.types.kinds import PASSED, DagflowType, LibraryType, TypeCheck, TypeCheckContext, must_be
from dagflow.types.loaders import DagflowTypeLoader, DictLoader, ListLoader, OptionalLoader, TupleLoader


class Container(LibraryType):
    """A type with inner types. Its loader is built on first use: most inputs come from a step, not config."""

    __slots__ = ("_has_loader", "inner_types")

    def __init__(self, key: str, display_name: str, typing_type: AnyValue, *inner_types: DagflowType) -> None:
        super().__init__(f"{key}.{'.'.join(inner.key for inner in inner_types)}", display_name)
        self._typing_type = typing_type
        self.inner_types = inner_types
        self._has_loader: bool | None = None
        self.required_resource_keys = frozenset().union(
            *(inner.required_resource_keys for inner in inner_types)
        )

    @property
    def loader(self) -> DagflowTypeLoader | None:
        if self._has_loader is None:
            loaders = [inner.loader for inner in self.inner_types]
            present = [loader for loader in loaders if loader is not None]
            self._loader = self._make_loader(present) if len(present) == len(loaders) else None
            self._has_loader = self._loader is not None
        return self._loader

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader | None:
        raise NotImplementedError

    @property
    def inner_type(self) -> DagflowType:
        """The type of the items, or of the value that may be None."""
        return self.inner_types[-1]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.inner_types == other.inner_types

    def __hash__(self) -> int:
        return hash((type(self), self.inner_types))


def _spelled(generic: AnyValue, *inner: DagflowType) -> AnyValue:
    return generic[tuple([each.typing_type for each in inner])]


def first_failure(
    item_type: DagflowType, context: TypeCheckContext | None, values: Iterable[AnyValue]
) -> TypeCheck:
    """Return the type check of the first value that fails, or a passed one."""
    if not item_type.is_any:
        for value in values:
            outcome = item_type.type_check(context, value)
            if not outcome.success:
                return outcome
    return PASSED


class List(Container):
    __slots__ = ()
    supports_fan_in = True

    def __init__(self, inner: DagflowType) -> None:
        annotation = _spelled(typing.List, inner)
        super().__init__("List", f"[{inner.display_name}]", annotation, inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, list):
            return TypeCheck(False, must_be(value, "list"))
        return first_failure(self.inner_types[0], context, value)

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return ListLoader(inner[0])


class Set(Container):
    __slots__ = ()

    def __init__(self, inner: DagflowType) -> None:
        annotation = _spelled(typing.Set, inner)
        super().__init__("TypedPythonSet", f"Set[{inner.display_name}]", annotation, inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, set):
            return TypeCheck(False, must_be(value, "set"))
        return first_failure(self.inner_types[0], context, value)

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return ListLoader(inner[0], set)


class Dict(Container):
    __slots__ = ()

    @property
    def key_type(self) -> DagflowType:
        """The type of the keys."""
        return self.inner_types[0]

    @property
    def value_type(self) -> DagflowType:
        """The type of the values."""
        return self.inner_types[1]

    def __init__(self, key: DagflowType, inner: DagflowType) -> None:
        annotation = _spelled(typing.Dict, key, inner)
        super().__init__(
            "TypedPythonDict", f"Dict[{key.display_name},{inner.display_name}]", annotation, key, inner
        )

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, dict):
            return TypeCheck(False, must_be(value, "dict"))
        outcome = first_failure(self.inner_types[0], context, value)
        return first_failure(self.inner_types[1], context, value.values()) if outcome.success else outcome

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader | None:
        key = self.inner_types[0].__dagflow_config_type__
        return DictLoader(key, inner[1]) if key in SCALARS and key is not None else None


class Tuple(Container):
    __slots__ = ()

    def __init__(self, *inner: DagflowType) -> None:
        names = ",".join(each.display_name for each in inner)
        annotation = _spelled(typing.Tuple, *inner)
        super().__init__("TypedPythonTuple", f"Tuple[{names}]", annotation, *inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, tuple):
            return TypeCheck(False, must_be(value, "tuple"))
        if len(value) != len(self.inner_types):
            return TypeCheck(
                False,
                f"A value of type '{self.display_name}' must have {len(self.inner_types)} entries, "
                f"not {len(value)}.",
            )
        for item_type, item in zip(self.inner_types, value, strict=True):
            outcome = item_type.type_check(context, item)
            if not outcome.success:
                return outcome
        return PASSED

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return TupleLoader(inner)


class Optional(Container):
    __slots__ = ()

    @property
    def supports_fan_in(self) -> bool:
        return self.inner_types[0].supports_fan_in

    def __init__(self, inner: DagflowType) -> None:
        annotation: AnyValue = typing.Optional[inner.typing_type]  # noqa: UP045
        super().__init__("Optional", f"{inner.display_name}?", annotation, inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        return PASSED if value is None else self.inner_types[0].type_check(context, value)

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return OptionalLoader(inner[0])
