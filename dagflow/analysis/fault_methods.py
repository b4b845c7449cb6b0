"""The methods that add faults to a plan: one for each kind of fault."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from dagflow._util import UNSET, nearest
from dagflow.analysis.faults import RESOURCE_KIND, Fault, attempts_of, error_of, node_name
from dagflow.errors import ParameterCheckError


class FaultMethods(ABC):
    """The methods of a FaultPlan that add a fault."""

    __slots__ = ()

    @abstractmethod
    def add(self, fault: Fault) -> Fault:
        """Add a fault."""

    def fail(
        self,
        node: Any,
        on_attempt: int | Iterable[int] | None = 1,
        error: Exception | type[Exception] | None = None,
        **where: Any,
    ) -> Fault:
        """Raise `error` instead of calling the function of a node. Its retry policy applies.

        Args:
            node: The node.
            on_attempt: The attempt.
            error: The exception or its class; default: a RuntimeError.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("fail", node, on_attempt, where, error=error_of(error))

    def fail_late(
        self,
        node: Any,
        on_attempt: int | Iterable[int] | None = 1,
        error: Exception | type[Exception] | None = None,
        **where: Any,
    ) -> Fault:
        """Raise `error` after the function of a node has ended and its outputs are stored.

        All effects of the attempt are there. Its retry policy applies, so they may happen a second time.

        Args:
            node: The node.
            on_attempt: The attempt.
            error: The exception or its class; default: a RuntimeError.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("fail_late", node, on_attempt, where, error=error_of(error))

    def delay(
        self, node: Any, seconds: float, on_attempt: int | Iterable[int] | None = 1, **where: Any
    ) -> Fault:
        """Wait before the function of a node is called: on a virtual clock no time passes.

        Args:
            node: The node.
            seconds: The length of the wait.
            on_attempt: The attempt.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("delay", node, on_attempt, where, seconds=seconds)

    def hang(self, node: Any, on_attempt: int | Iterable[int] | None = 1, **where: Any) -> Fault:
        """Never return from a step. The step needs a time limit, and an executor with processes.

        Args:
            node: The node.
            on_attempt: The attempt.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("hang", node, on_attempt, where)

    def crash(self, node: Any, on_attempt: int | Iterable[int] | None = 1, **where: Any) -> Fault:
        """Kill the worker process of a step. The run needs an executor with processes.

        Args:
            node: The node.
            on_attempt: The attempt.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("crash", node, on_attempt, where)

    def wrong_type(
        self,
        node: Any,
        output: str | None = None,
        on_attempt: int | Iterable[int] | None = 1,
        value: Any = UNSET,
        **where: Any,
    ) -> Fault:
        """Replace an output by a value that its type does not allow.

        Args:
            node: The node.
            output: The output; default: the only one.
            on_attempt: The attempt.
            value: The value; default: one of a class of its own.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("wrong_type", node, on_attempt, where, name=output, value=value)

    def drop_output(
        self, node: Any, output: str | None = None, on_attempt: int | Iterable[int] | None = 1, **where: Any
    ) -> Fault:
        """Lose an output, as if the function had not produced it.

        Args:
            node: The node.
            output: The output; default: the only one.
            on_attempt: The attempt.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("drop_output", node, on_attempt, where, name=output)

    def partial_write(
        self,
        node: Any,
        output: str | None = None,
        on_attempt: int | Iterable[int] | None = 1,
        error: Exception | type[Exception] | None = None,
        **where: Any,
    ) -> Fault:
        """Let the I/O manager write half of an output and die. Load the value afterwards to see what is left.

        Args:
            node: The node.
            output: The output; default: the only one.
            on_attempt: The attempt.
            error: The exception of the write; default: an OSError.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("partial_write", node, on_attempt, where, name=output, error=error_of(error))

    def duplicate(
        self, node: Any, output: str | None = None, on_attempt: int | Iterable[int] | None = 1, **where: Any
    ) -> Fault:
        """Store an output twice, and record two materializations of its asset.

        Args:
            node: The node.
            output: The output; default: the only one.
            on_attempt: The attempt.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("duplicate", node, on_attempt, where, name=output)

    def stale_input(
        self,
        node: Any,
        input: str | None = None,
        on_attempt: int | Iterable[int] | None = 1,
        value: Any = UNSET,
        **where: Any,
    ) -> Fault:
        """Give an input the value that an earlier run stored, instead of that of this run.

        Args:
            node: The node.
            input: The input; default: the only one.
            on_attempt: The attempt.
            value: The stale value; default: the one of the last run of these faults, or the stored asset.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("stale_input", node, on_attempt, where, name=input, value=value)

    def corrupt_input(
        self,
        node: Any,
        input: str | None = None,
        on_attempt: int | Iterable[int] | None = 1,
        value: Any = UNSET,
        **where: Any,
    ) -> Fault:
        """Change the content of an input, not its type. Its type is checked afterwards.

        Args:
            node: The node.
            input: The input; default: the only one.
            on_attempt: The attempt.
            value: The corrupt value; default: a change of a plain value or table.
            **where: `mapping_key`, `partition`, `probability` and `seed`.
        """
        return self._add("corrupt_input", node, on_attempt, where, name=input, value=value)

    def resource_fails(
        self,
        resource: str,
        on: str = "init",
        error: Exception | type[Exception] | None = None,
        **where: Any,
    ) -> Fault:
        """Let a resource fail when it starts ("init") or stops ("teardown").

        Args:
            resource: The key of the resource.
            on: The moment.
            error: The exception or its class; default: a RuntimeError.
            **where: `partition`, `probability` and `seed`. Each start of the resource has its own chance.
        """
        if not isinstance(resource, str) or not resource:
            raise ParameterCheckError(f"resource_fails() needs the key of a resource, not {resource!r}")
        _check_where("resource_fails", where, ("partition", "probability", "seed"))
        return self.add(Fault(RESOURCE_KIND, resource=resource, on=on, error=error_of(error), **where))

    def _add(self, kind: str, node: Any, on_attempt: Any, where: Mapping[str, Any], **fields: Any) -> Fault:
        _check_where(kind, where, ("mapping_key", "partition", "probability", "seed"))
        return self.add(Fault(kind, node_name(node), attempts_of(on_attempt), **fields, **where))


def _check_where(kind: str, where: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in where:
        if name not in known:
            raise ParameterCheckError(
                f"fault {kind}: '{name}' is not an argument.{nearest(name, known)} Use {', '.join(known)}."
            )
