"""One mutation applied to live definitions, for a block of code or for the tasks of a worker process."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any

from dagflow.analysis.mutation.body import mutated_code
from dagflow.analysis.mutation.interposed import DROPPED, Change, function_type, interposed_code
from dagflow.analysis.mutation.listing import default_config
from dagflow.analysis.mutation.mutation import (
    COMPARISON,
    CONSTANT,
    DEFAULT_CONFIG,
    DROP_OUTPUT,
    RETURN_INPUT,
    SKIP_CHECK,
    SWAP_INPUTS,
    Mutation,
    is_about,
    op_in,
)
from dagflow.analysis.mutation.planned import with_mutation
from dagflow.config.model import Config
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.parts.evaluation import unwrapped
from dagflow.errors import ParameterCheckError
from dagflow.events.asset_result import AssetResult
from dagflow.events.check import AssetCheckResult
from dagflow.events.user import Output
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.options import set_defaults
from dagflow.plan.plan import Plan
from dagflow.plan.surroundings import Surroundings
from dagflow.selection.graph import Graph


@contextmanager
def mutated(mutation: Mutation, graph: Graph) -> Iterator[None]:
    """Apply a mutation to the definitions of a graph for a block of code, and take it back after it.

    All runs and direct calls of this process that start in the block have it, also their worker processes.

    Args:
        mutation: A mutation that `mutations_of` listed for this graph, in this process or another.
        graph: The graph.

    Raises:
        ParameterCheckError: The graph does not have the nodes of the mutation.

    Example:
        >>> from dagflow import op
        >>> from dagflow.testing import graph_of, mutated, mutations_of
        >>> @op
        ... def pour(water: int, milk: int) -> int:
        ...     return water - milk
        >>> graph = graph_of(pour)
        >>> with mutated(mutations_of(graph).found[0], graph):
        ...     inside = pour(1, 5)
        >>> inside, pour(1, 5)
        (4, -4)
    """
    known = {node.id: node.definition for node in graph.nodes}
    ops = [op for op in (op_in(known.get(node_id)) for node_id in mutation.nodes) if op is not None]
    if not ops:
        raise ParameterCheckError(
            f"the graph has no node {' or '.join(map(repr, mutation.nodes))}, which the mutation "
            f"'{mutation.before}' of {mutation.place or mutation.name} changes. Use the graph that it was "
            "listed for."
        )
    with ExitStack() as stack:
        for fn, code in _codes(mutation, ops):
            stack.callback(_live.pop, fn)
            stack.callback(setattr, fn, "__code__", fn.__code__)
            fn.__code__, _live[fn] = code, mutation
        stack.enter_context(set_defaults(edit=MutationEdit(mutation)))
        yield


class MutationEdit:
    """A mutation as a change of the plans of runs.

    Args:
        mutation: The mutation.
    """

    def __init__(self, mutation: Mutation) -> None:
        self.mutation = mutation

    def edited(self, job: JobDefinition, plan: Plan, surroundings: Surroundings) -> Plan:
        """Return the plan of a run with the mutation."""
        return with_mutation(self.mutation, job, plan, surroundings)

    def edited_in_worker(self, job: JobDefinition, plan: Plan, surroundings: Surroundings) -> Plan:
        """Return the same in a worker, whose functions it changes until the worker ends."""
        ops = [step.op for step in plan.steps if is_about(self.mutation, step.op, step.path)]
        for fn, code in _codes(self.mutation, ops):
            if _live.get(fn) != self.mutation:  # a worker may have several tasks, or be a thread
                fn.__code__, _live[fn] = code, self.mutation
        return with_mutation(self.mutation, job, plan, surroundings)


_live: dict[FunctionType, Mutation] = {}
"""The functions of this process that are changed, each with its mutation."""


def _codes(mutation: Mutation, ops: Iterable[OpDefinition]) -> list[tuple[FunctionType, CodeType]]:
    """Return the functions that a mutation changes, each with its new code."""
    by_function = {id(op.body.fn): op for op in ops}
    found: list[tuple[FunctionType, CodeType]] = []
    for op in by_function.values():
        if mutation.kind in (CONSTANT, COMPARISON):
            code = mutated_code(op.body.fn, mutation.position)
            if code is not None:
                found.append((unwrapped(op.body.fn), code))
        elif mutation.kind in _CHANGES and isinstance(op.body.fn, FunctionType):
            change = _CHANGES[mutation.kind](mutation, op)
            found.append((op.body.fn, interposed_code(op.body.fn, change)))
    return found


def _swap_inputs(mutation: Mutation, op: OpDefinition) -> Change:
    def swap(arguments: dict[str, Any]) -> None:
        first, second = mutation.target, mutation.other
        arguments[first], arguments[second] = arguments[second], arguments[first]

    return Change(arguments=swap)


def _return_input(mutation: Mutation, op: OpDefinition) -> Change:
    (out,) = op.outs.values()

    def instead(arguments: dict[str, Any]) -> Any:
        value = arguments[mutation.target]
        yields = function_type(op.body.fn) == "generator"  # type: ignore[arg-type]
        return [Output(value, out.name)] if yields else value

    return Change(instead=instead)


def _drop_output(mutation: Mutation, op: OpDefinition) -> Change:
    key = AssetKey.from_user_string(mutation.other) if mutation.other else None

    def result(item: Any) -> Any:
        if isinstance(item, AssetResult):
            is_it = item.asset_key == key or (item.asset_key is None and len(op.outs) == 1)
        else:
            is_it = getattr(item, "output_name", None) == mutation.target
        return DROPPED if is_it else item

    return Change(result=result)


def _skip_check(mutation: Mutation, op: OpDefinition) -> Change:
    key = AssetCheckKey.from_user_string(mutation.target)
    return Change(result=lambda item: _passed(item, key))


def _passed(item: Any, key: AssetCheckKey) -> Any:
    """Return a result of a function with the check passed."""
    if isinstance(item, bool):
        return True
    if isinstance(item, AssetCheckResult):
        if item.check_name not in (None, key.name) or item.asset_key not in (None, key.asset_key):
            return item
        changed = copy.copy(item)
        changed.passed = True
        return changed
    if isinstance(item, AssetResult):
        copied = copy.copy(item)
        copied.check_results = [_passed(one, key) for one in item.check_results]
        return copied
    return type(item)(_passed(one, key) for one in item) if type(item) in (list, tuple) else item


def _default_config(mutation: Mutation, op: OpDefinition) -> Change:
    name, default = mutation.target, default_config(op)[mutation.target]

    def use_default(arguments: dict[str, Any]) -> None:
        config = arguments.get("config")
        if op.body.config is not None and isinstance(config, Config):
            arguments["config"] = config.model_copy(update={name: default})
        elif op.body.config is not None and isinstance(config, dict):
            arguments["config"] = {**config, name: default}
        context = arguments.get(op.body.context_name or "")
        given = getattr(context, "op_config", None)
        if isinstance(given, dict) and name in given:
            given[name] = default

    return Change(arguments=use_default)


_CHANGES: dict[str, Callable[[Mutation, OpDefinition], Change]] = {
    SWAP_INPUTS: _swap_inputs,
    RETURN_INPUT: _return_input,
    DROP_OUTPUT: _drop_output,
    SKIP_CHECK: _skip_check,
    DEFAULT_CONFIG: _default_config,
}
