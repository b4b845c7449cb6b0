"""Config of one form that a function turns into config of another: the node behind `ConfigMapping` and
`configured` (see `dagflow.defs.parts.configured`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as AnyValue

from dagflow._util import UNSET
from dagflow.config.field import Field
from dagflow.config.parse import Path, Readable, Reading, parse
from dagflow.config.scalar import ConfigType, copied
from dagflow.errors import DagflowConfigMappingFunctionError, DagflowError, DagflowInvalidConfigError


class Mapped(ConfigType):
    """What is given matches `outer`; a function turns it into what `inner` reads, which code sees.

    Args:
        outer: What is given. Where it may be left out without a default, the function gets None.
        function: Makes config for `inner` of it.
        inner: Reads what the function made.
        path: Where that stands, as messages shall say it.
        place: What has the function, for the error of one that raises, as "on job 'j'".
        detail: A further sentence about the place.
        when_refused: The first line of the error of what `inner` refuses.
        given: The config or function of the user that `function` is made of, for a look at what has changed.
        is_raw: Whether the function gets names of enums and `{"env": ...}` as they were written.
    """

    __slots__ = (
        "_fixed", "detail", "function", "given", "inner", "is_raw", "outer", "path", "place", "when_refused",
    )  # fmt: skip

    def __init__(
        self,
        outer: Field,
        function: Callable[[AnyValue], AnyValue],
        inner: Readable,
        *,
        path: Path = (),
        place: str,
        detail: str = "",
        when_refused: str,
        given: AnyValue = None,
        is_raw: bool = False,
    ) -> None:
        super().__init__(outer.description)
        self.outer: Field = outer
        self.function: Callable[[AnyValue], AnyValue] = function
        self.inner: Readable = inner
        self.path: Path = path
        self.place: str = place
        self.detail: str = detail
        self.when_refused: str = when_refused
        self.given: AnyValue = given
        self.is_raw: bool = is_raw
        self._fixed: AnyValue = UNSET  # what a dict given beforehand was read as, once that is known

    @property
    def is_required(self) -> bool:  # type: ignore[override]
        """Whether something must be given."""
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
        if self._fixed is not UNSET:
            return copied(self._fixed)
        outer = self._read_outer(value, path, reading)
        if not reading.applies:
            reading.has_mappings = True
            return outer
        given = self._read_outer(value, path, Reading(None)) if self.is_raw else outer
        try:
            made = self.function(given)
        except DagflowError:
            raise
        except Exception as error:
            raise DagflowConfigMappingFunctionError(
                f"The config mapping function {self.place} has thrown an unexpected error during its "
                f"execution. {self.detail} It raised {type(error).__name__}: {error}".replace("  ", " "),
                user_exception=error,
            ) from error
        if hasattr(made, "to_config_dict"):
            made = made.to_config_dict()
        parsed = parse(self.inner, made, path=self.path, environ=reading.environ)
        reading.used_env |= parsed.used_env
        if parsed.errors:
            raise DagflowInvalidConfigError(self.when_refused, parsed.errors, made)
        inner = None if parsed.value is UNSET else parsed.value
        if self.given is not None and not (callable(self.given) or parsed.used_env or self._asks_further()):
            self._fixed = copied(inner)
        return self.finish(outer, inner)

    def _asks_further(self) -> bool:
        """Whether what is given goes through another function, which may say something else each time."""
        return isinstance(self.inner, Field) and isinstance(self.inner.config_type, Mapped)

    def finish(self, outer: AnyValue, inner: AnyValue) -> AnyValue:
        """What code sees, of what was given and what was made of it."""
        return inner

    def _read_outer(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if value is None and not self.outer.is_required and self.outer.default is UNSET:
            return None
        return self.outer.config_type.read(value, path, reading)
