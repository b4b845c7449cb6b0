"""Hypothesis strategies for the descriptions of `pipelines`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from pipelines import FAULTS, PROCESS_FAULTS

ALWAYS = 99
PLAIN, DYNAMIC, MAPPED, NOTHING = "plain", "dynamic", "mapped", "nothing"


def descriptions(*, process_faults: bool = False, most: int = 6) -> st.SearchStrategy[str]:
    """Draw descriptions of one to `most` nodes.

    Args:
        process_faults: Whether steps can also end their process, hang, or produce a value that cannot be
            stored in a file.
        most: The maximum number of nodes.
    """
    return _described(process_faults, most)


@st.composite
def _described(draw: Any, process_faults: bool, most: int) -> str:
    drawing = _Drawing(draw, [*FAULTS, *(PROCESS_FAULTS if process_faults else ())])
    names = draw(st.permutations([f"n{place}" for place in range(draw(st.integers(1, most)))]))
    rows = [drawing.graph(name) if drawing.seldom() else drawing.op(name) for name in names]
    hooks = draw(st.lists(st.tuples(st.sampled_from(("success", "failure")), st.booleans()), max_size=2))
    retries = draw(st.sampled_from((None, None, 1)))
    return json.dumps({"rows": rows, "hooks": hooks, "retries": retries})


@dataclass
class _Drawing:
    """A description that is being drawn.

    Attributes:
        faults: The possible faults of an op.
        made: The outputs so far: node, output, and the possible kind of source.
    """

    draw: Any
    faults: list[str]
    made: list[tuple[str, str, str]] = field(default_factory=list)

    def one_of(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def seldom(self) -> bool:
        return bool(self.draw(st.integers(0, 4)) == 4)  # shrinks to False

    def op(self, name: str) -> dict[str, Any]:
        """Draw a row of an op, whose outputs later rows can read."""
        outs, yields = self.outs()
        is_dynamic = ["result", "dynamic"] in outs
        reads = self.reads(may_be_mapped=not is_dynamic)
        is_mapped = any(source[0] == "each" for source in reads)
        for output, kind in outs:
            readable = {"dynamic": DYNAMIC, "nothing": NOTHING}.get(kind, MAPPED if is_mapped else PLAIN)
            if not (is_mapped and readable == NOTHING):
                self.made.append((name, output, readable))
        fault = self.fault(len(yields), is_mapped=is_mapped)
        return {
            "name": name,
            "reads": reads,
            "outs": outs,
            "yields": yields,
            "retries": self.one_of(None, None, 1, 2, 0),
            "fault": fault,
        }

    def outs(self) -> tuple[list[list[str]], list[list[str | None]]]:
        """Draw the outputs of an op, and the values that it yields."""
        match self.one_of("one", "one", "one", "maybe", "two", "many", "nothing"):
            case "one":
                return [["result", "required"]], [["result", None]]
            case "maybe":
                return [["result", "optional"]], self.one_of([], [], [["result", None]])
            case "two":
                both: list[list[str | None]] = [["one", None], ["two", None]]
                return [["one", "required"], ["two", "optional"]], self.one_of(
                    both, both[:1], both[::-1], both[1:]
                )
            case "many":
                keys = self.draw(st.lists(st.sampled_from("bca"), max_size=3, unique=True))
                return [["result", "dynamic"]], [["result", key] for key in keys]
        return [["result", "nothing"]], [["result", None]]

    def reads(self, *, may_be_mapped: bool) -> list[list[Any]]:
        """Draw the sources of an op; at most one of them is mapped."""
        plain = [[node, output] for node, output, kind in self.made if kind == PLAIN]
        many = [[node, output] for node, output, kind in self.made if kind in (DYNAMIC, MAPPED)]
        after = [[node, output] for node, output, kind in self.made if kind in (PLAIN, NOTHING)]
        is_mapped = bool(may_be_mapped and many and self.one_of(False, True))
        sources: list[list[Any]] = [["each", *self.one_of(*many)]] if is_mapped else []
        hows = ["value", "list"] if plain else []
        hows += ["collect"] if many and not is_mapped else []  # a mapped op cannot collect too
        hows += ["after"] if after else []
        for how in self.draw(st.lists(st.sampled_from([*hows, "default"]), max_size=3 - is_mapped)):
            match how:
                case "list":
                    parts = self.draw(st.lists(st.sampled_from(plain), min_size=1, max_size=3))
                    sources.append(["list", parts])
                case "default":
                    sources.append(["default"])
                case _:
                    known = {"value": plain, "collect": many, "after": after}[how]
                    sources.append([how, *self.one_of(*known)])
        return sources

    def fault(self, yields: int, *, is_mapped: bool) -> dict[str, Any] | None:
        """Draw a fault of an op, or none."""
        if not self.one_of(False, False, True):
            return None
        what = self.one_of(*(name for name in self.faults if not (is_mapped and name == "hang")))
        return {
            "what": what,
            # a step that hangs costs its timeout each time
            "attempts": 1 if what == "hang" else self.one_of(ALWAYS, 1, 2),
            "after": self.draw(st.integers(0, yields)),
            "key": self.one_of(None, "a") if is_mapped else None,
        }

    def graph(self, name: str) -> dict[str, Any]:
        """Draw a row of a graph: one op, or two in a chain, with an input from an earlier row."""
        plain = [["value", node, output] for node, output, kind in self.made if kind == PLAIN]
        many = [["each", node, output] for node, output, kind in self.made if kind in (DYNAMIC, MAPPED)]
        if not plain and not many:
            return self.op(name)
        source = self.one_of(*plain, *many)
        is_mapped = source[0] == "each"
        inner = []
        before = ["value", "", "p0"]
        for part in (f"{name}_1", f"{name}_2")[: self.draw(st.integers(1, 2))]:
            inner.append(
                {
                    "name": part,
                    "reads": [before],
                    "outs": [["result", "required"]],
                    "yields": [["result", None]],
                    "retries": self.one_of(None, 1),
                    "fault": self.fault(1, is_mapped=is_mapped),
                }
            )
            before = ["value", part, "result"]
        self.made.append((name, "result", MAPPED if is_mapped else PLAIN))
        return {"name": name, "reads": [source], "rows": inner}
