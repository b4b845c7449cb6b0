"""Direct calls of a hook, and the context for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dagflow.context.hook import HookContext
from dagflow.context.log import DagflowLogManager
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.wiring import NodeInvocation
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.ops.node import NodeDefinition, PendingInvocation
from dagflow.defs.resources.requirements import lack
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_optional,
    check_texts,
    check_type,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import InstanceWhenAsked, Owner, OwnResources


class DirectHookContext(Owner, HookContext):
    """The context of a hook that is called directly. Resources that must be closed need a `with` block."""

    __slots__ = ("_own",)

    def __init__(self, own: OwnResources, values: Mapping[str, Any]) -> None:
        meta = {"run_id": values.get("run_id"), "job_name": values.get("job_name")}
        super().__init__(own, partial(DagflowLogManager, meta), values)
        self._own = own


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: NodeDefinition | PendingInvocation | None = None,
    run_id: str | None = None,
    job_name: str | None = None,
    op_exception: BaseException | None = None,
    instance: DagflowInstance | None = None,
) -> DirectHookContext:
    """Build the context for calling a hook directly. Attributes that were not given raise when they are read.

    Args:
        resources: Resource values or definitions by key. Context managers among them need a
            `with` block.
        op: The op after which the hook would be called.
        run_id: The id of the run.
        job_name: The name of the job.
        op_exception: The error of the op.
        instance: The instance.

    Raises:
        ParameterCheckError: An argument is of the wrong type.

    Example:
        >>> from dagflow import build_hook_context, failure_hook
        >>> @failure_hook
        ... def tell(context):
        ...     return f"{context.job_name}: {context.op_exception!r}"
        >>> tell(build_hook_context(job_name="cafe", op_exception=ValueError("spilt")))
        "cafe: ValueError('spilt')"
    """
    check_texts("a hook context", run_id=run_id, job_name=job_name)
    check_optional(op_exception, BaseException, "op_exception", "a hook context")
    optional = {"op": None if op is None else _node(op), "run_id": run_id, "job_name": job_name}
    values = {name: value for name, value in optional.items() if value is not None}
    own = OwnResources(resources, None, InstanceWhenAsked(instance), "build_hook_context")
    get_instance = partial(_checked_instance, instance)
    return DirectHookContext(own, {**values, "op_exception": op_exception, "get_instance": get_instance})


def _checked_instance(instance: DagflowInstance | None) -> DagflowInstance:
    if instance is None:
        raise DagflowInvariantViolationError(
            "Tried to access the HookContext instance, but no instance was provided to "
            "`build_hook_context`. Give its parameter 'instance' one, as DagflowInstance.ephemeral()."
        )
    return instance


def invoke_hook(hook: HookDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a hook.

    Raises:
        DagflowInvalidInvocationError: There are too few or too many arguments, or one has an unknown name.
        ParameterCheckError: The first argument is not a context.
        DagflowInvalidDefinitionError: The context lacks a resource that the hook requires.
    """
    names = hook.parameters
    count = len(args) + len(kwargs)
    if count != len(names):
        wanted = "one parameter" if len(names) == 1 else "two parameters"
        was = "was" if count == 1 else "were"
        raise DagflowInvalidInvocationError(
            f"hook '{hook.name}': Decorated function expects {wanted}, {' and '.join(names)}, but {count} "
            f"{was} provided."
        )
    for name in names[len(args) :]:
        if name not in kwargs:
            raise DagflowInvalidInvocationError(
                f"hook '{hook.name}': Could not find expected argument '{name}'. The keywords given are "
                f"{list(kwargs)}."
            )
    given = args[0] if args else kwargs[names[0]]
    if given is not None:
        check_type(given, HookContext, names[0], f"hook '{hook.name}'")
    context: HookContext = (build_hook_context() if given is None else given).bound_to(hook)
    for key in sorted(hook.required_resource_keys):
        if key not in context.resources:
            raise DagflowInvalidDefinitionError(
                f"resource with key '{key}' required by hook '{hook.name}' was not provided."
                + lack(key, context.resources, "Give it to build_hook_context(resources=...).")
            )
    if args:
        return hook.decorated_fn(context, *args[1:], **kwargs)
    kwargs[names[0]] = context
    return hook.decorated_fn(**kwargs)


def _node(op: NodeDefinition | PendingInvocation) -> Node:
    check_type(op, (NodeDefinition, PendingInvocation), "op")
    definition = op.definition if isinstance(op, PendingInvocation) else op
    alias = op.name if isinstance(op, PendingInvocation) else None
    return Node(NodeInvocation(definition.name, alias), definition)
