"""Hooks: functions that are called at the end of an attempt at a step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from dagflow import _doors
from dagflow._util import class_has
from dagflow.copies import Copied
from dagflow.defs.parts.function import (
    CONTEXT_NAMES,
    KEYWORD_ONLY,
    POSITIONAL_ONLY,
    POSITIONAL_OR_KEYWORD,
    check_decorated,
    function_type_of,
    location,
    name_of,
    named_parameters,
)
from dagflow.defs.resources.requirements import Requirement, required_by, requirements_of
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    check_type,
    repr_of,
)
from dagflow.keys import check_name, resource_keys

if TYPE_CHECKING:
    from dagflow.events.record import DagflowEvent

_EVENTS_NAMES = frozenset({"event_list", "_event_list", "event_list_", "_"})
_POSITIONAL = (POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD)


class HookExecutionResult(NamedTuple):
    """The result of a hook for any event.

    Args:
        hook_name: The name of the hook.
        is_skipped: Whether the hook did nothing.
    """

    hook_name: str
    is_skipped: bool | None = False


class HookDefinition(Copied):
    """A function that is called at the end of an attempt at a step. Usually made by `@success_hook` or
    `@failure_hook`.

    Call it with a context (`build_hook_context`) to test its function. Add it to a job, a graph or an op as a
    decorator, or with `with_hooks`.

    Args:
        name: Its name.
        hook_fn: Takes a HookContext and the events of the attempt, returns a HookExecutionResult.
        required_resource_keys: Resources that the function reads from `context.resources`.
        decorated_fn: The function of a direct call; default: `hook_fn`.

    Raises:
        DagflowInvalidDefinitionError: An invalid name.

    Example:
        >>> quiet = HookDefinition("quiet", lambda context, event_list: HookExecutionResult("quiet", True))
        >>> quiet(None, [])
        HookExecutionResult(hook_name='quiet', is_skipped=True)
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "decorated_fn",
        "hook_fn",
        "name",
        "parameters",
        "required_resource_keys",
    )

    def __init__(
        self,
        name: str,
        hook_fn: Callable[[Any, Sequence[DagflowEvent]], HookExecutionResult],
        required_resource_keys: Iterable[str] | None = None,
        decorated_fn: Callable[..., Any] | None = None,
        *,
        parameters: tuple[str, ...] = ("context", "event_list"),
    ) -> None:
        self.name: str = check_name(name, "hook")
        if not callable(hook_fn):
            raise ParameterCheckError(f"hook '{name}': 'hook_fn' must be a function, not {repr_of(hook_fn)}")
        self.hook_fn: Callable[[Any, Sequence[DagflowEvent]], HookExecutionResult] = hook_fn
        self.decorated_fn: Callable[..., Any] = hook_fn if decorated_fn is None else decorated_fn
        self.required_resource_keys: frozenset[str] = resource_keys(required_resource_keys, f"hook '{name}'")
        self.parameters: tuple[str, ...] = parameters

    def decorated(self) -> Callable[..., Any] | None:
        """Return the decorated function."""
        return self.decorated_fn

    def own_requirements(self, place: str) -> list[Requirement]:
        """Return the resources that the hook needs.

        Args:
            place: The definition that it is attached to, as "op 'brew'".
        """
        return required_by(self.required_resource_keys, f"hook '{self.name}' attached to {place}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Decorate a job, graph or op; or call the function directly, with a context."""
        if len(args) == 1 and class_has(args[0], "with_hooks"):
            return args[0].with_hooks({self})
        return _doors.invoke_hook(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<hook '{self.name}'>"


NO_HOOKS: frozenset[HookDefinition] = frozenset()


@overload
def success_hook(hook_fn: Callable[..., Any]) -> HookDefinition: ...


@overload
def success_hook(
    hook_fn: None = None, *, name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def success_hook(
    hook_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> HookDefinition | Callable[[Callable[..., Any]], HookDefinition]:
    """Make a hook that is called with a HookContext after a step succeeded. Use it with or without arguments.

    Args:
        hook_fn: The function, with one parameter named `context` (or `_`).
        name: Default: the name of the function.
        required_resource_keys: Resources that the function reads from `context.resources`.

    Returns:
        The HookDefinition, or a decorator.

    Raises:
        DagflowInvalidDefinitionError: The function does not have this parameter.

    Example:
        >>> from dagflow import job, op, success_hook
        >>> @op
        ... def beans():
        ...     return 3
        >>> @success_hook
        ... def announce(context):
        ...     print(context.step_key, context.op_output_values)
        >>> @announce
        ... @job
        ... def j():
        ...     beans()
        >>> j.execute_in_process().success
        beans {'result': 3}
        True
    """
    decorate = partial(
        _hook_after, "success_hook", lambda event: event.is_step_success, name, required_resource_keys
    )
    return decorate if hook_fn is None else decorate(hook_fn)


@overload
def failure_hook(name: Callable[..., Any]) -> HookDefinition: ...


@overload
def failure_hook(
    name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def failure_hook(
    name: Callable[..., Any] | str | None = None, required_resource_keys: Iterable[str] | None = None
) -> HookDefinition | Callable[[Callable[..., Any]], HookDefinition]:
    """Make a hook that is called with a HookContext after a step failed. Use it with or without arguments.

    It is called after the last attempt, if the run goes on after a failure (`raise_on_error=False`).

    Args:
        name: Default: the name of the function.
        required_resource_keys: Resources that the function reads from `context.resources`.

    Returns:
        The HookDefinition, or a decorator.

    Raises:
        DagflowInvalidDefinitionError: The function has no parameter named `context` (or `_`).

    Example:
        >>> from dagflow import failure_hook, job, op
        >>> @op
        ... def spill():
        ...     raise ValueError("spilt")
        >>> @failure_hook
        ... def tell(context):
        ...     print(repr(context.op_exception))
        >>> @job(hooks={tell})
        ... def j():
        ...     spill()
        >>> j.execute_in_process(raise_on_error=False).success
        ValueError('spilt')
        False
    """
    given = name if callable(name) else None
    own_name = None if callable(name) else name
    decorate = partial(
        _hook_after, "failure_hook", lambda event: event.is_step_failure, own_name, required_resource_keys
    )
    return decorate if given is None else decorate(given)


@overload
def event_list_hook(hook_fn: Callable[..., Any]) -> HookDefinition: ...


@overload
def event_list_hook(
    hook_fn: None = None, *, name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def event_list_hook(
    hook_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> HookDefinition | Callable[[Callable[..., Any]], HookDefinition]:
    """Make a hook that is called after every attempt at a step, with a HookContext and the attempt's events.

    Args:
        hook_fn: The function of `context` and `event_list`; returns a HookExecutionResult.
        name: Default: the name of the function.
        required_resource_keys: Resources that the function reads from `context.resources`.

    Returns:
        The HookDefinition, or a decorator.

    Raises:
        DagflowInvalidDefinitionError: The function does not have these parameters.
    """

    def decorate(fn: Callable[..., Any]) -> HookDefinition:
        parameters = _parameters(fn, "event_list_hook", ("context", "event_list"))
        return HookDefinition(
            name_of(fn) if name is None else name, fn, required_resource_keys, parameters=parameters
        )

    return decorate if hook_fn is None else decorate(hook_fn)


def check_hooks(hook_defs: Any, name: str, place: str = "") -> frozenset[HookDefinition]:
    """Check an argument that holds hooks, and return them.

    Args:
        hook_defs: The argument, a set of hooks.
        name: The name of the argument.
        place: The definition with this argument, for messages.

    Raises:
        ParameterCheckError: The argument is not a set.
        ElementCheckError: An element is not a hook.
    """
    if hook_defs is None:
        return NO_HOOKS
    hooks: Iterable[Any] = check_type(hook_defs, (set, frozenset), name, place)
    for hook in hooks:
        if not isinstance(hook, HookDefinition):
            raise ElementCheckError(
                f"parameter '{name}'{place and ' of '}{place} must hold hooks, but holds {repr_of(hook)} "
                f"of type "
                f"'{type(hook).__name__}'. Decorate the function with @success_hook or @failure_hook."
            )
    return frozenset(hooks)


def in_order(hooks: Iterable[HookDefinition]) -> tuple[HookDefinition, ...]:
    """Return hooks in the order in which they are called: by name."""
    return tuple(sorted(hooks, key=lambda hook: (hook.name, location(hook.decorated_fn))))


def hook_requirements(
    hooks: Collection[HookDefinition], place: str, graph_def: Any, assets: Container[str] = ()
) -> dict[str, Requirement]:
    """Return the resources that hooks need, by key. The message names the hook and its owner.

    Args:
        hooks: The hooks of the job, or of the node of the graph.
        place: The owner of these hooks, as "job 'brew'".
        graph_def: A GraphDefinition; the hooks of its nodes are included.
        assets: The names of the nodes that are assets.
    """
    needs = attached_requirements(hooks, place) if hooks else {}
    for name, node in graph_def.node_dict.items():
        if hasattr(node.definition, "node_dict"):
            node_type = "asset" if name in assets else "graph"
            needs = {**hook_requirements(node.hook_defs, f"{node_type} '{name}'", node.definition), **needs}
        elif node.hook_defs:
            node_type = "asset" if name in assets else "op"
            needs = {**attached_requirements(node.hook_defs, f"{node_type} '{name}'"), **needs}
    return needs


def attached_requirements(hooks: Iterable[HookDefinition], place: str) -> dict[str, Requirement]:
    """Return the resources that the hooks of one definition need, by key; the first hook by name is named."""
    return requirements_of(*[hook.own_requirements(place) for hook in in_order(hooks)])


def _hook_after(
    decorator: str,
    matches: Callable[[DagflowEvent], bool],
    name: str | None,
    required_resource_keys: Iterable[str] | None,
    fn: Callable[..., Any],
) -> HookDefinition:
    parameters = _parameters(fn, decorator, ("context",))
    own_name = name_of(fn) if name is None else name

    def hook_fn(context: Any, event_list: Sequence[DagflowEvent]) -> HookExecutionResult:
        if not any(matches(event) for event in event_list):
            return HookExecutionResult(own_name, is_skipped=True)
        fn(context)
        return HookExecutionResult(own_name)

    return HookDefinition(own_name, hook_fn, required_resource_keys, fn, parameters=parameters)


def _parameters(fn: Any, decorator: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the parameters of a function for a context and a list of events."""
    check_decorated(fn, decorator)
    if function_type_of(fn) != "plain" and not hasattr(fn, "__wrapped__"):
        raise DagflowInvalidDefinitionError(
            f"@{decorator}: the function '{name_of(fn)}' ({location(fn)}) is async or a "
            "generator, so its body would never run. Use a plain function."
        )
    parameters = named_parameters(fn, f"@{decorator}")
    for position, name in enumerate(wanted):
        known = CONTEXT_NAMES if name == "context" else _EVENTS_NAMES
        given = parameters[position] if position < len(parameters) else None
        if given is None or given.role not in _POSITIONAL or given.name not in known:
            raise DagflowInvalidDefinitionError(
                f"@{decorator}: the function '{name_of(fn)}' ({location(fn)}) does not have "
                f"required positional parameter '{name}'. It is called with {' and '.join(wanted)}."
            )
    for parameter in parameters[len(wanted) :]:
        if not parameter.has_default and parameter.role in (*_POSITIONAL, KEYWORD_ONLY):
            raise DagflowInvalidDefinitionError(
                f"@{decorator}: the function '{name_of(fn)}' ({location(fn)}) has the parameter "
                f"'{parameter.name}', which gets no value. It is called with {' and '.join(wanted)}."
            )
    return tuple(parameter.name for parameter in parameters[: len(wanted)])
