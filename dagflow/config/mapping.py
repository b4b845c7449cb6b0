"""The schema node of `ConfigMapping` and `configured`: a function turns config of one form into another.

See `dagflow.defs.parts.configured`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any as AnyValue
from typing import ClassVar

from dagflow._util import UNSET, class_has
from dagflow.config.field import Field
from dagflow.config.parse import Readable, Reading
from dagflow.config.paths import Path
from dagflow.config.read import read_parsed
from dagflow.config.scalar import ConfigType, copied
from dagflow.copies import Copied
from dagflow.errors import DagflowConfigMappingFunctionError, DagflowError, text_of


class MappingMessages:
    """The words of the errors of a `Mapped` node.

    Args:
        owner: The owner of the function, for the error if it raises, such as "on job 'j'".
        preamble: The first line of the error if the result of the function does not match `inner`.
        detail: A further sentence about the function.
        path: The path of the result of the function.
    """

    __slots__ = ("detail", "owner", "path", "preamble")

    def __init__(self, owner: str, preamble: str, detail: str = "", path: Path = ()) -> None:
        self.owner: str = owner
        self.preamble: str = preamble
        self.detail: str = detail
        self.path: Path = path


class Mapped(Copied, ConfigType):
    """Config that matches `outer`, which a function turns into config for `inner`; user code receives that.

    Args:
        outer: The schema of the given config. The function receives None if no config is given and the field
            is optional without a default.
        function: A function from config that matches `outer` to config that matches `inner`.
        inner: The schema of the function's result.
        messages: The words of errors.
        source: The config or function of the user behind `function`. The result for a dict is stored.
        is_raw: Whether the function receives names of enums and `{"env": ...}` without conversion.
    """

    __slots__ = ("_stored", "function", "inner", "is_raw", "messages", "outer", "source")

    _caches: ClassVar[Mapping[str, Callable[[], AnyValue]]] = {"_stored": lambda: UNSET}

    def __init__(
        self,
        outer: Field,
        function: Callable[[AnyValue], AnyValue],
        inner: Readable,
        messages: MappingMessages,
        *,
        source: AnyValue = None,
        is_raw: bool = False,
    ) -> None:
        super().__init__(outer.description)
        self.outer: Field = outer
        self.function: Callable[[AnyValue], AnyValue] = function
        self.inner: Readable = inner
        self.messages: MappingMessages = messages
        self.source: AnyValue = source
        self.is_raw: bool = is_raw
        self._stored: AnyValue = UNSET  # the value for a fixed dict, after the first reading

    @property
    def is_required(self) -> bool:  # type: ignore[override]
        """True if config must be given."""
        return self.outer.is_required

    def default(self) -> AnyValue:
        if self.outer.is_required:
            return UNSET
        return None if self.outer.default is UNSET else self.outer.default

    def describe(self) -> str:
        return self.outer.config_type.describe()

    def example(self) -> AnyValue:
        return self.outer.config_type.example()

    def note_missing(self, path: Path, reading: Reading) -> None:
        self.outer.config_type.note_missing(path, reading)

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if self._stored is not UNSET:
            return copied(self._stored)
        outer = self._read_outer(value, path, reading)
        if not reading.applies:
            reading.has_mappings = True
            return outer
        result = self._call(self._read_outer(value, path, Reading(None)) if self.is_raw else outer)
        messages = self.messages
        inner = read_parsed(self.inner, result, messages.preamble, reading.environ, path=messages.path)
        reading.used_env |= inner.used_env
        is_fixed = self.source is not None and not callable(self.source)
        if is_fixed and not (inner.used_env or self._has_inner_mapping()):
            self._stored = copied(inner.value)
        return self.finish(outer, inner.value)

    def _call(self, config: AnyValue) -> AnyValue:
        """Call the function and return its result as plain config.

        Raises:
            DagflowConfigMappingFunctionError: The function raised an error that is not a DagflowError.
        """
        try:
            result = self.function(config)
        except DagflowError:
            raise
        except Exception as error:
            owner, detail = self.messages.owner, self.messages.detail
            raise DagflowConfigMappingFunctionError(
                f"The config mapping function {owner} has thrown an unexpected error during its "
                f"execution. {detail} It raised {text_of(error)}".replace("  ", " "),
                user_exception=error,
            ) from error
        return result.to_config_dict() if class_has(result, "to_config_dict") else result

    def _has_inner_mapping(self) -> bool:
        """Return whether the result goes through another function, whose result may differ each time."""
        return isinstance(self.inner, Field) and isinstance(self.inner.config_type, Mapped)

    def finish(self, outer: AnyValue, inner: AnyValue) -> AnyValue:
        """Return the value that user code receives.

        Args:
            outer: The given config, checked against `outer`.
            inner: The function's result, checked against `inner`.
        """
        return inner

    def _read_outer(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if value is None and not self.outer.is_required and self.outer.default is UNSET:
            return None
        return self.outer.config_type.read(value, path, reading)
