"""The events that an assertion compares: of a result or list, inside a node, without the ignored events.

The names of nodes are checked too, so that a misspelt name is an error and not a node that did not run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from dagflow import AssetCheckKey, AssetKey, DagflowError, DagflowEvent, DagflowEventType
from dagflow.testing import step_assets
from pytest_dagflow.sequence.matchers import suggest
from pytest_dagflow.sequence.patterns import EventPattern, Group, as_pattern, event_type

IgnoredEvents = Iterable[object] | None


def events_of(source: object) -> Sequence[DagflowEvent]:
    """Return the events of a result, or the list itself.

    Raises:
        DagflowError: The argument is neither a result nor a list of events.
    """
    events: Any = getattr(source, "all_events", source)
    if not isinstance(events, Sequence) or isinstance(events, (str, bytes)):
        raise DagflowError(
            f"expected a result or a list of events, not {source!r} of type '{type(source).__name__}'"
        )
    wrong = next((event for event in events if not isinstance(event, DagflowEvent)), None)
    if wrong is not None:
        raise DagflowError(
            f"the list must contain only events, not {wrong!r} of type '{type(wrong).__name__}'"
        )
    return events


def has_plans(events: Sequence[DagflowEvent]) -> bool:
    """Return whether a list of events has the plans of its runs."""
    return getattr(events, "plans", None) is not None


class FoundNode(NamedTuple):
    """A node that an assertion names.

    Attributes:
        text: What the user wrote: a path, a step key, the key of an asset, or a check ("beans:fresh").
        path: The path of the node or the key of the step that has its events.
        is_selected: Whether a run selected it; a run can select a part of the assets and checks of a step.
    """

    text: str
    path: str
    is_selected: bool

    def __str__(self) -> str:
        return (
            f"'{self.text}'"
            if self.path in (self.text, _path_of(self.text))
            else (f"'{self.text}' of step '{self.path}'")
        )


def find_node(node: object, events: Sequence[DagflowEvent], *, where: str = "node") -> FoundNode:
    """Return a node of the runs, or the step of an asset or a check.

    Args:
        node: A dotted path, a step key, an asset key (an AssetKey, or a string with slashes) or a check (an
            AssetCheckKey, or a string "asset:check").
        events: The events of the runs.
        where: The name of the argument, for the message.

    Raises:
        DagflowError: The argument is not a name, or an unknown node. The message has similar names.
            For a list without plans only the type is checked, because the nodes of the runs are unknown.
    """
    is_key = isinstance(node, AssetKey | AssetCheckKey)
    text = node.to_user_string() if isinstance(node, AssetKey | AssetCheckKey) else node
    if not isinstance(text, str) or not text:
        raise DagflowError(
            f"{where} must be the path of a node, a step key, or the key of an asset or a check, not {node!r}"
        )
    path = _path_of(text)
    if not has_plans(events):
        return FoundNode(text, path, True)
    selected, others = _steps_of_key(text, events)
    is_selected = bool(selected) or not others
    steps = selected or others
    is_path = any(is_inside(path, step) for step in _step_keys(events))
    if is_path and not (is_key and steps and not any(is_inside(path, step) for step in steps)):
        return FoundNode(text, path, is_selected)
    if steps:
        return FoundNode(text, steps[0], is_selected)
    check_node_exists(path if "/" in text else text, events, where)
    return FoundNode(text, path, True)


def _path_of(text: str) -> str:
    return AssetKey(text.split("/")).to_python_identifier() if "/" in text and ":" not in text else text


def _steps_of_key(text: str, events: Sequence[DagflowEvent]) -> tuple[list[str], list[str]]:
    """Return the steps that shall give an asset or a check, and those that could."""
    found = step_assets(events)
    selected = [assets.step_key for assets in found if text in _texts(assets.selected)]
    return selected, [assets.step_key for assets in found if text in _texts(assets.others)]


def _texts(keys: Iterable[AssetKey | AssetCheckKey]) -> set[str]:
    return {key.to_user_string() for key in keys}


def check_node_name(node: object, events: Sequence[DagflowEvent], *, where: str = "node") -> str:
    """Return the path of a node or the key of a step. Arguments and errors are those of `find_node`."""
    return find_node(node, events, where=where).path


def check_node_exists(name: str, events: Sequence[DagflowEvent], where: str) -> None:
    """Raise DagflowError, with similar names, if the runs have no step of a node or inside it."""
    steps = _step_keys(events)
    if not any(is_inside(name, step) for step in steps):
        keys = {text for assets in step_assets(events) for text in _texts(assets.selected | assets.others)}
        nodes = sorted({node for step in steps for node in _enclosing_nodes(step)} | keys)
        hint = suggest(name, nodes) or (f" There is {', '.join(map(repr, nodes[:20]))}." if nodes else "")
        raise DagflowError(f"{where} '{name}' is not in these runs.{hint}")


def is_inside(node: str, step_key: str | None) -> bool:
    """Return whether a step belongs to a node, or to a node inside it.

    Example:
        >>> is_inside("machine", "machine.brew[a]"), is_inside("machine.brew[b]", "machine.brew[a]")
        (True, False)
    """
    return step_key is not None and (step_key == node or step_key.startswith((f"{node}.", f"{node}[")))


def compared_events(
    events: Sequence[DagflowEvent], patterns: Iterable[EventPattern], within: object, ignore: IgnoredEvents
) -> list[DagflowEvent]:
    """Return the events that are compared with patterns.

    Args:
        events: All events.
        patterns: The patterns; events of their types are compared even if the type is internal.
        within: The node to keep, or None.
        ignore: More types, steps or patterns to ignore; None ignores nothing, not even internal events.

    Raises:
        DagflowError: A node is unknown, or an element of `ignore` is invalid.
    """
    named_types = {pattern.event_type for pattern in patterns}
    rules = () if ignore is None else _ignore_rules(ignore, events)
    if within is not None:
        name = check_node_name(within, events, where="within")
        check_node_exists(name, events, "within")
        events = [event for event in events if is_inside(name, event.step_key)]
    return [
        event
        for event in events
        if (ignore is None or event.event_type in named_types or not _is_internal(event))
        and not any(_is_dropped(rule, event) for rule in rules)
    ]


def _is_internal(event: DagflowEvent) -> bool:
    """Return whether an event is internal: not of a step, a hook or the run itself."""
    is_public: bool = event.is_step_event or event.is_hook_event or event.event_type.name.startswith("RUN_")
    return not is_public


def _ignore_rules(ignore: Iterable[object], events: Sequence[DagflowEvent]) -> tuple[EventPattern | str, ...]:
    if isinstance(ignore, (str, EventPattern, Group)) or not isinstance(ignore, Iterable):
        raise DagflowError(
            f"ignore must be a list of event types, steps or patterns, or None, not {ignore!r}"
        )
    rules: list[EventPattern | str] = []
    for value in ignore:
        is_step = isinstance(value, AssetKey | AssetCheckKey) or (
            isinstance(value, str) and not names_event_type(value)
        )
        if isinstance(value, Group):
            raise DagflowError(f"ignore takes patterns of single events, not the group {value!r}")
        if not is_step:
            rule = as_pattern(value)
            assert isinstance(rule, EventPattern)
            rules.append(rule)
        else:
            rules.append(check_node_name(value, events, where="a step in ignore"))
    return tuple(rules)


def names_event_type(text: str) -> bool:
    """Return whether a string names an event type, and not a node.

    Raises:
        DagflowError: The string is a misspelt event type.

    Example:
        >>> names_event_type("STEP_START:brew"), names_event_type("brew"), names_event_type("beans:fresh")
        (True, False, False)
    """
    name, colon, _ = text.partition(":")
    if colon and not name.isupper():
        return False  # a check
    if colon or (name.isupper() and suggest(name, DagflowEventType.__members__)):
        event_type(name)
        return True
    return False


def _is_dropped(rule: EventPattern | str, event: DagflowEvent) -> bool:
    return is_inside(rule, event.step_key) if isinstance(rule, str) else rule.matches(event)


def _step_keys(events: Sequence[DagflowEvent]) -> set[str]:
    keys = {event.step_key for event in events if event.step_key is not None}
    for plan in (getattr(events, "plans", None) or {}).values():
        keys.update(step.key for step in plan.steps)
    return keys


def _enclosing_nodes(step_key: str) -> Iterable[str]:
    """Yield a step key, and the paths of its node and of the nodes around it."""
    yield step_key
    parts = step_key.partition("[")[0].split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
