"""The faults that the nodes and resources of a job can have, for tools that choose some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dagflow._util import nearest
from dagflow.analysis.faults import (
    INPUT_KINDS,
    KINDS,
    PROCESS_KINDS,
    RESOURCE_KIND,
    Fault,
)
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.errors import CheckError

DEFAULT_KINDS = ("fail", "fail_late", "wrong_type", "drop_output", RESOURCE_KIND)
"""The kinds that any run in this process can have."""
_MOST_ATTEMPTS = 4


def fault_choices(job: JobDefinition, kinds: Iterable[str] = DEFAULT_KINDS) -> list[Fault]:
    """Return the faults that a job can have, each alone.

    A node that is tried again also has faults of its first two attempts, of its first three, and so on.

    Args:
        job: The job.
        kinds: The kinds of faults.

    Raises:
        CheckError: A kind is unknown.

    Example:
        >>> from dagflow import RetryPolicy, job, op
        >>> @op(retry_policy=RetryPolicy(max_retries=1))
        ... def brew() -> str:
        ...     return "tea"
        >>> @job
        ... def cafe():
        ...     brew()
        >>> [fault.describe() for fault in fault_choices(cafe, ["fail", "drop_output"])]
        ["fail('brew')", "fail('brew', on_attempt=(1, 2))", "drop_output('brew')"]
    """
    wanted = list(kinds)
    for kind in wanted:
        if kind not in KINDS:
            raise CheckError(f"{kind!r} is not a kind of fault.{nearest(kind, KINDS)} Use some of {KINDS}.")
    nodes = list(_ops(job.graph, ""))
    found = []
    for kind in wanted:
        if kind == RESOURCE_KIND:
            keys = sorted(set(job.requirements()) - {DEFAULT_IO_MANAGER_KEY})
            found += [Fault(kind, resource=key) for key in keys]
        else:
            found += [fault for path, node in nodes for fault in _of_node(job, kind, path, node)]
    return found


def _ops(graph: GraphDefinition, before: str) -> Iterator[tuple[str, Node]]:
    """Yield the path and the node of each op, also inside graphs."""
    for name, node in graph.node_dict.items():
        if isinstance(node.definition, GraphDefinition):
            yield from _ops(node.definition, f"{before}{name}.")
        else:
            yield f"{before}{name}", node


def _of_node(job: JobDefinition, kind: str, path: str, node: Node) -> Iterator[Fault]:
    op = node.definition
    assert isinstance(op, OpDefinition)
    policy = node.retry_policy or op.retry_policy or job.op_retry_policy
    if kind in ("fail", "fail_late"):
        retries = 0 if policy is None else policy.max_retries
        for last in range(1, min(retries + 1, _MOST_ATTEMPTS) + 1):
            yield Fault(kind, path, on_attempt=tuple(range(1, last + 1)))
    elif kind == "delay":
        yield Fault(kind, path, seconds=1)
    elif kind in PROCESS_KINDS:
        yield Fault(kind, path)
    elif kind in INPUT_KINDS:
        names = [name for name, item in op.ins.items() if not item.dagflow_type.is_nothing]
        yield from (Fault(kind, path, name=name if len(names) > 1 else None) for name in names)
    else:
        for name, output in op.outs.items():
            is_typed = not (output.dagflow_type.is_any or output.dagflow_type.is_nothing)
            if is_typed if kind == "wrong_type" else kind != "duplicate" or job.is_asset_job:
                yield Fault(kind, path, name=name if len(op.outs) > 1 else None)
