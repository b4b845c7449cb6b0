"""A public function or class whose arguments are drawn."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import misbehaving

LEFT_OUT = {
    # internals of the objects that dagflow makes itself
    "asset_layer", "new_ctx",
    # refused by a message about the parameter's other name
    "version_strategy",
}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """A public function or class.

    Attributes:
        callee: The expression of the function.
        program: The code of a program, with `{call}` for the call.
        base: The arguments that each call has, unless they are the drawn ones.
        names: More names that an error may contain.
    """

    callee: str
    program: str = "def run():\n    return {call}"
    base: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def parameters(self) -> list[str]:
        """Return the names of the parameters that can be drawn, with `_` before that of `*arguments`."""
        function: Any = eval(self.callee, dict(misbehaving.NAMES))
        if isinstance(function, type) and hasattr(function, "__wrapped__"):
            function = function.__init__  # `inspect` cannot read the signature of a class with this slot
        found = inspect.signature(function).parameters.values()
        names = [
            f"_{p.name}" if p.kind is p.VAR_POSITIONAL else p.name
            for p in found
            if p.kind is not p.VAR_KEYWORD
        ]
        return [name for name in names if name not in LEFT_OUT and name not in ("self", "_args")]

    def source(self, **drawn: str) -> str:
        """Return the program whose call has these arguments too."""
        arguments = {**self.base, **drawn}
        positional = [value for name, value in arguments.items() if name.startswith("_")]
        named = [f"{name}={value}" for name, value in arguments.items() if not name.startswith("_")]
        return self.program.replace("{call}", f"{self.callee}({', '.join([*positional, *named])})")
