"""Hook definitions: decorators, places for hooks, and errors."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from dagflow import (
    HookDefinition,
    HookExecutionResult,
    JobDefinition,
    NodeInvocation,
    asset,
    event_list_hook,
    failure_hook,
    graph,
    job,
    op,
    success_hook,
)
from dagflow.defs.hooks.definition import check_hooks, hook_requirements, in_order
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError

Decorator = Any


@op
def beans() -> int:
    return 1


@success_hook(required_resource_keys={"mill"})
def grind(context: Any) -> None:
    """An op that needs a resource."""


def _hooked(**options: Any) -> JobDefinition:
    @job(**options)
    def cafe() -> None:
        beans()

    return cafe


@pytest.mark.parametrize("decorator", [success_hook, failure_hook])
def test_names_and_needs(decorator: Decorator) -> None:
    """The name is the given one, or that of the function."""

    @decorator
    def bare(context: Any) -> None: ...

    @decorator(name="given", required_resource_keys={"mill"})
    def named(_: Any, more: int = 1) -> None: ...

    assert isinstance(bare, HookDefinition)
    assert (bare.name, bare.required_resource_keys) == ("bare", frozenset())
    assert (named.name, named.required_resource_keys) == ("given", {"mill"})
    assert repr(bare) == "<hook 'bare'>"


def test_hooks_for_any_event() -> None:
    """An event list hook also takes the events."""

    @event_list_hook(name="given")
    def watch(_context: Any, _: Any) -> HookExecutionResult:
        return HookExecutionResult("watch")

    assert watch.name == "given"
    assert HookExecutionResult("watch").is_skipped is False


@pytest.mark.parametrize(
    ("decorator", "fn", "name"),
    [
        (success_hook, lambda: None, "context"),
        (failure_hook, lambda c: None, "context"),
        (success_hook, lambda *, context: None, "context"),
        (event_list_hook, lambda context: None, "event_list"),
        (event_list_hook(), lambda context, events: None, "event_list"),
    ],
)
def test_a_parameter_that_is_missing(decorator: Decorator, fn: Any, name: str) -> None:
    """The error has the location of the function and the name of the missing parameter."""
    with pytest.raises(
        DagflowInvalidDefinitionError,
        match=rf"test_definition.py:\d+\) does not have required positional parameter '{name}'",
    ):
        decorator(fn)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: success_hook(lambda context, cup: None),
            DagflowInvalidDefinitionError,
            "'cup', which gets no value",
        ),
        (lambda: success_hook(name="h")(5), DagflowInvalidDefinitionError, "must decorate a function, not 5"),
        (
            lambda: success_hook(lambda context: None),
            DagflowInvalidDefinitionError,
            ".<lambda>. is not a valid",
        ),
        (lambda: HookDefinition("a b", print), DagflowInvalidDefinitionError, ".a b. is not a valid name"),
        (lambda: HookDefinition("h", 5), ParameterCheckError, "'hook_fn' must be a function, not 5"),
        (
            lambda: success_hook(name="h", required_resource_keys=5)(lambda context: None),
            ParameterCheckError,
            "hook 'h': 'required_resource_keys' must be a set",
        ),
        (lambda: _hooked(hooks=[grind]), ParameterCheckError, "'hook_defs' of job 'cafe'"),
        (lambda: _hooked(hooks={5}), ElementCheckError, "holds 5 of type 'int'. Decorate the function"),
        (lambda: _hooked().with_hooks([grind]), ParameterCheckError, "'hook_defs' of job 'cafe'"),
        (lambda: beans.with_hooks({5}), CheckError, "node 'beans'"),
        (lambda: NodeInvocation("beans", hook_defs=[grind]), ParameterCheckError, "node 'beans'"),
        (lambda: asset(name="water", hooks={5})(lambda: 1), CheckError, "'hooks'"),
    ],
)
def test_what_cannot_be(make: Any, error: type[Exception], message: str) -> None:
    """Invalid arguments raise at the definition."""
    with pytest.raises(error, match=message):
        make()


async def _async(context: Any, event_list: Any = None) -> None:
    """An async function."""


def _generator(context: Any, event_list: Any = None) -> Any:
    yield context


@pytest.mark.parametrize("fn", [_async, _generator])
@pytest.mark.parametrize("decorator", [success_hook, failure_hook, event_list_hook])
def test_a_function_that_would_not_run(decorator: Decorator, fn: Any) -> None:
    """An async function or a generator is refused as a hook, because its body would never run."""
    with pytest.raises(DagflowInvalidDefinitionError, match=f"'{fn.__name__}' .* would never run"):
        decorator(fn)


def test_hooks_as_decorators() -> None:
    """A hook returns a copy of a job, or an invocation of a graph or op; the original is unchanged."""

    @success_hook
    def cheer(context: Any) -> None: ...

    plain = _hooked(tags={"a": "b"})
    hooked = cheer(plain)

    assert isinstance(hooked, JobDefinition)
    assert (hooked.hook_defs, hooked.tags, plain.hook_defs) == ({cheer}, {"a": "b"}, frozenset())

    @cheer
    @graph
    def around() -> None:
        beans()

    assert around.to_job().hook_defs == {cheer}
    assert around.execute_in_process().success
    assert cheer(beans).hooks == {cheer}


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda **o: _hooked(hooks={grind}, **o), "job 'cafe'"),
        (lambda **o: _hooked(**o).with_hooks({grind}), "job 'cafe'"),
        (lambda **o: _on_node(beans.with_hooks({grind}), **o), "op 'beans'"),
        (lambda **o: _on_node(beans.alias("first").with_hooks({grind}), **o), "op 'first'"),
        (lambda **o: _on_node(_inner.with_hooks({grind}), **o), "graph '_inner'"),
    ],
)
def test_a_resource_that_is_missing(make: Any, what: str) -> None:
    """A job with resources raises at the definition; a job without resources may get them at run time."""
    message = f"resource with key 'mill' required by hook 'grind' attached to {what} was not provided"
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        make(resource_defs={"mil": 1})

    later = make()
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        later.execute_in_process()
    assert later.execute_in_process(resources={"mill": 1}).success


@graph
def _inner() -> None:
    beans()


def _on_node(node: Any, **options: Any) -> JobDefinition:
    @job(**options)
    def cafe() -> None:
        node()

    return cafe


def test_config_of_a_resource_that_only_a_hook_needs() -> None:
    """Its required config must be given."""
    from dagflow import ResourceDefinition
    from dagflow.errors import DagflowInvalidConfigError

    mill = ResourceDefinition(lambda context: context.resource_config, config_schema={"size": int})
    cafe = _hooked(hooks={grind}, resource_defs={"mill": mill})

    with pytest.raises(DagflowInvalidConfigError, match="resources"):
        cafe.execute_in_process()
    assert cafe.execute_in_process({"resources": {"mill": {"config": {"size": 1}}}}).success


def test_small_parts() -> None:
    """Hooks are sorted by name; requirements name the first hook."""
    a, b = (success_hook(name=name, required_resource_keys={"k"})(lambda context: None) for name in "ab")

    assert in_order({b, a}) == (a, b)
    assert check_hooks(None, "hooks") == frozenset()
    needed = Requirement("k", "hook 'a' attached to job 'j'")
    assert hook_requirements({b, a}, "job 'j'", _inner) == {"k": needed}


class _Notifier:
    def __call__(self, context: Any) -> None: ...


def test_a_callable_object() -> None:
    """A callable object can be a hook. Its default name is the name of its class."""
    assert success_hook(_Notifier()).name == "_Notifier"
    assert failure_hook(functools.partial(_Notifier().__call__)).name == "partial"
    assert failure_hook("alarm")(_Notifier()).name == "alarm"


def test_a_function_that_wraps_itself() -> None:
    """A function whose signature cannot be read is refused by name."""

    def notify(context: Any) -> None: ...

    notify.__wrapped__ = notify  # type: ignore[attr-defined]
    with pytest.raises(DagflowInvalidDefinitionError, match=r"@success_hook: the signature of .*notify"):
        success_hook(notify)
