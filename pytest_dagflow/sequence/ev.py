"""One function for each event type, and short forms: `ev.step_success("brew")` makes a pattern.

The functions come from `dagflow.testing.event_catalogue()`, each at its first use. Until then this module
does not import dagflow. `ev.pyi` declares the functions for editors and type checkers.

Only the given arguments are compared. An argument is a plain value or a matcher, an object with its own `==`.
The common arguments:

- `step`: the step key (`machine.brew`, `brew[a]`), or the AssetKey of the asset that the step materializes.
- `name`: the name of the output, the input or the asset check.
- `attempt`: 1 for the first attempt of the step, 2 for the first retry.
- `key`, `asset`: an asset key, as string (`"shop/cup"`), list or AssetKey; a matcher gets the string.
- `passed`: True or False, the result of the type check or of the asset check.
- `severity`: "WARN" or "ERROR". `reason`: the name of a RunFailureReason.
- `metadata`: a mapping of entries that the metadata of the event must contain, as plain values.
- `error`: an exception class (or subclass), a tuple of classes, or a class name; a matcher gets the record.
- `match`: a regular expression that is searched in the message of the error, or in the message of an event
  that is compared by message. The messages of hooks contain the name of the hook.
- `times`: the exact number of such events among the compared events; by default at least one.

Each function raises DagflowError for an argument that can never match. Only the log of an instance has events
of planned materializations and checks.

Example:
    >>> from pytest_dagflow import ev
    >>> ev.step_output("brew", "result", metadata={"rows": 3})
    ev.step_output("brew", "result", metadata={'rows': 3})
    >>> ev.failure("brew", error=ValueError, match="too hot")
    ev.step_failure("brew", error=ValueError, match="too hot")
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    if name.startswith("_"):  # pytest and other tools look for such names, which must not load dagflow
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pytest_dagflow.sequence.functions import event_function

    function = globals()[name] = event_function(name)  # the next access does not call __getattr__
    return function


def __dir__() -> list[str]:
    from pytest_dagflow.sequence.functions import function_names

    return function_names()
