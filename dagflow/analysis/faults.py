"""`Fault`: one thing that goes wrong on purpose in a run. It is a plain value, which pickle can copy.

`analysis/fault_plan.py` decides which attempts have which faults, and `analysis/injection.py` has their
effects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from dagflow._util import UNSET, nearest
from dagflow.errors import CheckError, ParameterCheckError, repr_of
from dagflow.keys import AssetKey

CALL_KINDS = ("fail", "fail_late", "delay", "hang", "crash")
"""The kinds that act around the call of the function of a node."""
INPUT_KINDS = ("stale_input", "corrupt_input")
OUTPUT_KINDS = ("wrong_type", "drop_output", "partial_write", "duplicate")
RESOURCE_KIND = "resource_fails"
PROCESS_KINDS = ("hang", "crash")
"""The kinds that would stop the process of the test itself, if the step ran there."""
KINDS = (*CALL_KINDS, *INPUT_KINDS, *OUTPUT_KINDS, RESOURCE_KIND)
RESOURCE_MOMENTS = ("init", "teardown")


class Fault(NamedTuple):
    """One fault.

    Attributes:
        kind: One of `KINDS`.
        node: The op, asset or step; empty for a fault of a resource.
        on_attempt: The numbers of the attempts that have it, from 1; None for every attempt.
        error: The exception that is raised; default: one that names the fault.
        seconds: The length of a delay.
        name: The input or output, by name; default: the only one.
        value: The value instead of the right one. UNSET for a value that the fault makes.
        mapping_key: The mapping key of the step or of the dynamic output; None for all.
        partition: The partition of the run; None for all.
        probability: The chance of each attempt.
        seed: The seed of the chances. The same seed always gives the same faults.
        resource: The key of the resource that fails.
        on: The moment at which the resource fails: "init" or "teardown".

    Example:
        >>> Fault("fail", "brew", on_attempt=(2,)).describe()
        "fail('brew', on_attempt=2)"
    """

    kind: str
    node: str = ""
    on_attempt: tuple[int, ...] | None = (1,)
    error: Exception | None = None
    seconds: float = 0.0
    name: str | None = None
    value: Any = UNSET
    mapping_key: str | None = None
    partition: str | None = None
    probability: float = 1.0
    seed: int = 0
    resource: str = ""
    on: str = "init"

    def describe(self) -> str:
        """Return the call that adds this fault, without the arguments that have their default."""
        parts = [repr(self.node or self.resource)]
        if self.kind == RESOURCE_KIND:
            parts.append(f"on={self.on!r}")
        if self.kind == "delay":
            parts.append(f"{self.seconds:g}")
        if self.name is not None:
            parts.append(repr(self.name))
        if self.on_attempt is None:
            parts.append("on_attempt=None")
        elif self.on_attempt != (1,):
            numbers = self.on_attempt[0] if len(self.on_attempt) == 1 else self.on_attempt
            parts.append(f"on_attempt={numbers}")
        where = {"mapping_key": self.mapping_key, "partition": self.partition}
        parts += [f"{name}={value!r}" for name, value in where.items() if value is not None]
        if self.probability != 1.0:
            parts.append(f"probability={self.probability:g}, seed={self.seed}")
        return f"{self.kind}({', '.join(parts)})"


def check_fault(fault: Fault) -> None:
    """Check the fields of a fault.

    Raises:
        ParameterCheckError: A field is of the wrong type.
        CheckError: A field has a value that no run can have.
    """
    place = f"fault {fault.kind}"
    if fault.kind not in KINDS:
        raise CheckError(
            f"{fault.kind!r} is not a kind of fault.{nearest(fault.kind, KINDS)} Use one of {KINDS}."
        )
    for number in fault.on_attempt or ():
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ParameterCheckError(
                f"{place}: 'on_attempt' must be the number of an attempt, from 1, a list of numbers, or None "
                f"for every attempt, not {number!r}"
            )
    if fault.on_attempt == ():
        raise CheckError(f"{place}: 'on_attempt' is empty: name an attempt, or use None for every attempt")
    if fault.error is not None and not isinstance(fault.error, Exception):
        raise ParameterCheckError(f"{place}: 'error' must be an exception, not {repr_of(fault.error)}")
    for name in ("probability", "seconds"):
        value = getattr(fault, name)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise ParameterCheckError(f"{place}: '{name}' must be a number, not {repr_of(value)}")
    if not 0 < fault.probability <= 1:
        raise CheckError(
            f"{place}: 'probability' must be above 0 and at most 1, not {fault.probability!r}: "
            "a fault that never fires tests nothing"
        )
    if not fault.seconds >= 0:
        raise CheckError(f"{place}: 'seconds' must not be negative, but is {fault.seconds!r}")
    if fault.on not in RESOURCE_MOMENTS:
        raise CheckError(f"{place}: 'on' must be 'init' or 'teardown', not {fault.on!r}")


def attempts_of(on_attempt: Any) -> tuple[Any, ...] | None:
    """Return the numbers of attempts as a tuple, None for every attempt."""
    if on_attempt is None or isinstance(on_attempt, tuple):
        return on_attempt
    if isinstance(on_attempt, Iterable) and not isinstance(on_attempt, str):
        return tuple(on_attempt)
    return (on_attempt,)


def error_of(error: Exception | type[Exception] | None) -> Any:
    """Return the exception that is raised: a class is called. `check_fault` refuses everything else."""
    return error() if isinstance(error, type) and issubclass(error, Exception) else error


def node_name(node: Any) -> str:
    """Return the name of a node: a string, an AssetKey, or the name of a definition with one node.

    Raises:
        ParameterCheckError: It is none of these.
    """
    if isinstance(node, str) and node:
        return node
    if isinstance(node, AssetKey):
        return node.to_user_string()
    keys = getattr(node, "keys", None)
    if isinstance(keys, (set, frozenset)) and len(keys) == 1:
        (key,) = keys
        if isinstance(key, AssetKey):
            return key.to_user_string()
    name = getattr(node, "name", None)
    if isinstance(name, str) and name:
        return name
    raise ParameterCheckError(
        f"a fault needs the name of an op, asset or step, as 'brew', 'raw/beans' or 'machine.grind', not "
        f"{repr_of(node)}"
    )
