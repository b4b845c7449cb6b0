"""The calls of the hooks in `hooks.py`: of one plugin after the other, so that an error names its plugin.

Each error of a hook is a `pytest.UsageError`, which ends the session; in a test `failing_test` fails the
test with its message.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_dagflow import hooks

if TYPE_CHECKING:
    from dagflow import DagflowEvent, ExecuteInProcessResult


class Implementation(NamedTuple):
    """The implementation of a hook in one plugin.

    Attributes:
        hook: The name of the hook.
        plugin: The name of the plugin; of a conftest its path.
        impl: The implementation, as pluggy has it.
    """

    hook: str
    plugin: str
    impl: Any

    def __str__(self) -> str:
        return f"hook {self.hook} of plugin '{self.plugin}'"

    def call(self, **arguments: object) -> Any:
        """Return the result. The function gets those arguments that it names.

        Raises:
            pytest.UsageError: The function raised an error.
        """
        with self.naming_errors():
            return self.call_unguarded(**arguments)

    def call_unguarded(self, **arguments: object) -> Any:
        """Return the result, as `call`; an error of the function is raised as it is."""
        return self.impl.function(*[arguments[name] for name in self.impl.argnames])

    @contextmanager
    def naming_errors(self) -> Iterator[None]:
        """Raise each error in this block as an error of the hook.

        The message of an error of `pytest_dagflow_redact` is left out: it may have the text to hide.
        """
        try:
            yield
        except Exception as error:
            name, place = type(error).__name__, _place_of(error)
            if self.hook == hooks.pytest_dagflow_redact.__name__:
                raise pytest.UsageError(f"{self} raised {name}{place}") from None
            raise pytest.UsageError(f"{self}: {name}: {error}{place}") from error

    def refuse(self, form: str, value: object) -> pytest.UsageError:
        """Return the error about a result.

        Args:
            form: The right form: "resources by key".
            value: The result.
        """
        return pytest.UsageError(f"{self} must return {form}, not {value!r}")


def _place_of(error: BaseException) -> str:
    """Return file and line where an error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"


def implementations(
    specification: Callable[..., object], config: pytest.Config, item: pytest.Item | None = None
) -> list[Implementation]:
    """Return the implementations of a hook, in the order of their calls.

    Args:
        specification: The function in `hooks.py`.
        config: The config of the session.
        item: The test. With it the conftest files of other folders do not count.

    Raises:
        pytest.UsageError: An implementation is a wrapper.
    """
    name = specification.__name__
    hook = getattr(config.hook, name)
    if not hook.get_hookimpls():
        return []
    if item is not None:
        hook = getattr(item.ihook, name)
    found = [
        Implementation(name, _name_of(one.plugin, config), one) for one in reversed(hook.get_hookimpls())
    ]
    for one in found:
        if one.impl.wrapper or one.impl.hookwrapper:
            raise pytest.UsageError(
                f"{one} is a wrapper, which this hook does not support: return a result instead"
            )
    return found


def _name_of(plugin: object, config: pytest.Config) -> str:
    """Return the name of a plugin; of a conftest its path relative to rootdir, of an object its class."""
    name = config.pluginmanager.get_name(plugin) or ""
    if not name or name.isdigit():  # an object without a name is registered under its id
        return type(plugin).__qualname__
    file = Path(name)
    if file.name == "conftest.py" and file.is_relative_to(config.rootpath):
        return file.relative_to(config.rootpath).as_posix()
    return name


@contextmanager
def failing_test() -> Iterator[None]:
    """Fail the test if a hook in this block has an error, with its message alone."""
    __tracebackhide__ = True
    try:
        yield
    except pytest.UsageError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def default_resources(item: pytest.Item) -> dict[str, Any]:
    """Return the default resources that plugins give to a test, by key.

    Raises:
        pytest.UsageError: An implementation raised, or returned something else.
    """
    merged: dict[str, Any] = {}
    for one in implementations(hooks.pytest_dagflow_resources, item.config, item):
        found = one.call(item=item)
        if found is None:
            continue
        if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
            raise one.refuse("resources by key, as in {'db': db}, or None", found)
        merged = {**found, **merged}
    return merged


def redacted(config: pytest.Config, event: DagflowEvent) -> DagflowEvent:
    """Return an event as it may be shown: as the plugins replace it.

    Raises:
        pytest.UsageError: An implementation raised, or returned something else.
    """
    for one in implementations(hooks.pytest_dagflow_redact, config):
        found = one.call(event=event)
        if found is not None:
            _check_replaced(one, event, found)
            event = found
    return event


def redacted_result(config: pytest.Config, result: ExecuteInProcessResult) -> ExecuteInProcessResult:
    """Return the result of a run with the events as they may be shown: as the plugins replace them.

    Raises:
        pytest.UsageError: An implementation raised, or returned something else.
    """
    if not implementations(hooks.pytest_dagflow_redact, config):
        return result
    from dagflow.testing import with_events

    return with_events(result, [redacted(config, event) for event in result.all_events])


def _check_replaced(one: Implementation, event: DagflowEvent, found: object) -> None:
    """Raise if a result is no event, or the event of something else."""
    from dagflow import DagflowEvent

    if not isinstance(found, DagflowEvent):
        # not the value, which may be the text to hide
        raise pytest.UsageError(
            f"{one} must return an event, as event.with_changes(message='...') returns one, or None, not a "
            f"{type(found).__name__}"
        )
    for name in ("event_type_value", "step_key", "run_id", "timestamp"):
        if getattr(found, name) != getattr(event, name):
            raise pytest.UsageError(
                f"{one} must keep the {name} of the event: it was {getattr(event, name)!r}, and is "
                f"{getattr(found, name)!r}. Change only texts: event.with_changes(message='...')"
            )
    if type(found.event_specific_data) is not type(event.event_specific_data):
        raise pytest.UsageError(
            f"{one} must keep the class of event_specific_data: it was "
            f"{type(event.event_specific_data).__name__}, and is {type(found.event_specific_data).__name__}. "
            "Its _replace returns a copy with other fields"
        )
