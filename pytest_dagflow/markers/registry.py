"""The table of the markers: their names, their signatures, and the check of their arguments.

A marker has the name of the function that checks its arguments and documents it. The modules beside this one
hold the effect of each marker on the collected tests.
"""

from __future__ import annotations

import difflib
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from pytest_dagflow.session import current_config


class PartitionChoice(NamedTuple):
    """The arguments of `dag_partitions`. The chosen keys are the union of all arguments, or all keys.

    Attributes:
        target: A partitions definition, or an asset or job that has one.
        keys: Keys to choose.
        first: The number of keys to choose from the start.
        last: The number of keys to choose from the end.
        sample: The number of keys to choose at random.
        boundaries: Whether to choose the keys at which pipelines often fail.
        dynamic: The keys of a dynamic definition, or a list of keys for each name of a dynamic definition.
        scope: The scope of the argument 'partition_key'.
    """

    target: Any
    keys: Iterable[str] | None
    first: int | None
    last: int | None
    sample: int | None
    boundaries: bool
    dynamic: Iterable[str] | Mapping[str, Iterable[str]] | None
    scope: str


def dag_partitions(
    partitions_def_or_asset_or_job: Any,
    *,
    keys: Iterable[str] | None = None,
    first: int | None = None,
    last: int | None = None,
    sample: int | None = None,
    boundaries: bool = False,
    dynamic: Iterable[str] | Mapping[str, Iterable[str]] | None = None,
    scope: str = "function",
) -> PartitionChoice:
    """Run the test once for each partition key, which is its argument 'partition_key'.

    The chosen keys are the union of: 'keys', the 'first' n keys, the 'last' n keys, a random but repeatable
    'sample' of n keys, and 'boundaries': first and last key, ends of months and years, leap days and
    daylight-saving days. Without any of them all keys are chosen. 'dynamic' defines the keys of dynamic
    partitions, and adds them to 'dag_instance'. With a wider 'scope', fixtures of that scope can use
    'partition_key'. Several markers multiply: 'partition_key' is then a tuple, the key of the outermost
    marker first.
    """
    return PartitionChoice(
        partitions_def_or_asset_or_job, keys, first, last, sample, boundaries, dynamic, scope
    )


def dag_nodes(*names_or_definitions_or_expressions: Any) -> tuple[Any, ...]:
    """Link the test to these nodes, for --dag-select.

    Each node is a definition, or a string in the syntax of --dag-select.
    """
    if not names_or_definitions_or_expressions:
        raise TypeError("missing a node: pass a name, an expression or a definition")
    return names_or_definitions_or_expressions


def dag_always() -> None:
    """Run the test under every selection of --dag-select and --dag-exclude.

    For tests that depend on something that no analysis sees, such as a service.
    """


def dag_real_time() -> None:
    """Wait in real time for the retries of the runs of this test, instead of skipping the waits.

    For retries that wait for a real thread, process or server. The ini key of this name applies to all
    tests.
    """


def dag_config(mapping_or_yaml_path: Any) -> Any:
    """Set the default run config of the bound runs of the test, for its fixtures such as 'materialize'.

    The argument is a dict, a RunConfig or the path of a YAML file, relative to the folder of the test file.
    A run config that is passed to the call wins, key by key at every depth. So does the marker that is
    nearest to the test.
    """
    return mapping_or_yaml_path


def dag_env(**variables: str | None) -> dict[str, str | None]:
    """Set environment variables during the test, also in the processes that it starts; None removes one.

    The variables have these values in the fixtures of the test too, and their former values afterwards. Of
    several markers the nearest to the test wins for each variable.
    """
    if not variables:
        raise TypeError("missing a variable: write dag_env(NAME='value')")
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name:
            raise TypeError(f"{name!r} cannot be the name of a variable")
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be a string, or None to remove it, not {value!r}")
        if value is not None and "\0" in value:
            raise TypeError(f"{name} cannot contain a null character")
    return variables


EXECUTORS = ("in_process", "multiprocess", "dask")
"""The names of the executors."""


def dag_executors(*names: str) -> tuple[str, ...]:
    """Run the test once with each of these executors: "in_process", "multiprocess", "dask".

    The executor runs the steps of 'execute_job' and of the fixture 'materialize', whose assets must be at the
    top of a module. 'dag_instance' then stores its runs in files. The fixtures 'materialize_to_memory',
    'execute_in_process' and 'dag_run' run in this process by definition, and refuse another executor. A test
    with "dask" is skipped if 'distributed' is not installed.
    """
    if not names:
        raise TypeError(f"missing an executor: name some of {', '.join(map(repr, EXECUTORS))}")
    for name in names:
        if name not in EXECUTORS:
            close = difflib.get_close_matches(str(name), EXECUTORS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{name!r} is not an executor.{hint} Use {', '.join(map(repr, EXECUTORS))}")
    if len(set(names)) < len(names):
        raise TypeError(f"an executor is named twice: {', '.join(map(repr, names))}")
    return names


class ExpectedChange(NamedTuple):
    """The arguments of `dag_expect_change`.

    Attributes:
        nodes: An expression in the syntax of `--dag-select`.
        columns: The columns of tables that may change; empty for everything about the nodes.
        reason: Why the change is expected.
    """

    nodes: str
    columns: tuple[str, ...]
    reason: str


def dag_expect_change(nodes: str, *, columns: Iterable[str] = (), reason: str) -> ExpectedChange:
    """Expect a change of the data of these nodes in this test and its fixtures, under --dag-against.

    'nodes' is an expression of --dag-select, such as 'orders' or 'orders++'. With 'columns', only these
    columns of their tables are expected to change, also as 'fare_*'. The report shows the 'reason'.
    """
    if not isinstance(nodes, str) or not nodes.strip():
        raise TypeError(f"the nodes must be an expression of --dag-select, such as 'orders', not {nodes!r}")
    if isinstance(columns, str) or not all(isinstance(column, str) for column in columns):
        raise TypeError(f"columns must be a list of names, such as columns=['fare'], not {columns!r}")
    if not isinstance(reason, str) or not reason.strip():
        raise TypeError("missing a reason: write reason='why the data change'")
    return ExpectedChange(nodes, tuple(columns), reason)


MARKERS = (
    dag_partitions,
    dag_nodes,
    dag_always,
    dag_config,
    dag_env,
    dag_executors,
    dag_real_time,
    dag_expect_change,
)


class _MarkFactory(pytest.MarkDecorator):
    """The attribute of `pytest.mark` for a marker whose only argument may be a callable definition.

    pytest treats a marker with one callable argument as a decorator of that argument. `dag_nodes(brew)` would
    decorate the op `brew`. Everything else is as pytest has it: bare and called, in `pytestmark`, as a
    decorator, in `pytest.param`, through `with_args`.
    """

    def __init__(self, name: str) -> None:  # without the constructor of pytest, which is private
        self._name = name

    @property
    def mark(self) -> pytest.Mark:  # type: ignore[override]
        """The mark without arguments."""
        return pytest.mark.__getattr__(self._name).mark

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and not _is_definition(args[0]):
            return super().__call__(*args)
        return self.with_args(*args, **kwargs)

    def with_args(self, *args: object, **kwargs: object) -> pytest.MarkDecorator:
        """Return the marker with arguments. A generator is read here, because several tests can use it."""
        decorator = pytest.mark.__getattr__(self._name)
        return decorator.with_args(
            *map(_as_list, args), **{name: _as_list(value) for name, value in kwargs.items()}
        )


def _is_definition(value: object) -> bool:
    return any(cls.__module__.partition(".")[0] == "dagflow" for cls in type(value).__mro__)


def _as_list(value: Any) -> Any:
    """Return the elements of an iterator as a list, also in a dict; any other value itself."""
    if type(value) is dict:
        return {key: _as_list(element) for key, element in value.items()}
    return list(value) if isinstance(value, Iterator) else value


class _CheckedMarks(type(pytest.mark)):  # type: ignore[misc]
    """The class of `pytest.mark` that refuses a misspelt marker of this plugin.

    pytest treats an unknown marker as a decorator of its only argument. `dag_partition(day)` would be the
    asset `day`, which is then called with the test function.
    """

    def __getattr__(self, name: str) -> pytest.MarkDecorator:
        close = _similar_markers(name)
        if close:
            __tracebackhide__ = True
            caller = sys._getframe(1)  # noqa: SLF001 - without a traceback, the message has the line
            place = f"{os.path.basename(caller.f_code.co_filename)}:{caller.f_lineno}"
            pytest.fail(
                f"{place}: '{name}' is not a marker. Did you mean {' or '.join(close)}?\n"
                f"usage: {_usage(next(marker for marker in MARKERS if marker.__name__ == close[0]))}",
                pytrace=False,
            )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found: pytest.MarkDecorator = super().__getattr__(name)
        for warning in caught:  # pytest issues it at the line of its caller, which is this method
            warnings.warn(warning.message, stacklevel=2)
        return found


def _similar_markers(name: str) -> list[str]:
    """Return the markers of this plugin that are similar to an unregistered name."""
    known = [marker.__name__ for marker in MARKERS]
    config = current_config()
    lines: list[str] = config.getini("markers") if config and name.startswith("dag") else []
    registered = {line.partition(":")[0].partition("(")[0].strip() for line in lines}
    if not lines or name in registered:
        return []
    return difflib.get_close_matches(name, known, cutoff=0.75)


def install_markers() -> None:
    """Set the markers as attributes of `pytest.mark`."""
    vars(pytest.mark).update({marker.__name__: _MarkFactory(marker.__name__) for marker in MARKERS})
    if not isinstance(pytest.mark, _CheckedMarks):
        pytest.mark.__class__ = _CheckedMarks


def register_markers(config: pytest.Config) -> None:
    """Register the markers with their signatures, for `--markers` and `--strict-markers`."""
    for marker in MARKERS:
        explanation = " ".join((marker.__doc__ or "").split())
        config.addinivalue_line("markers", f"{_usage(marker)}: {explanation}")


def _usage(marker: Callable[..., Any]) -> str:
    signature = inspect.signature(marker)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return f"{marker.__name__}{signature.replace(parameters=bare, return_annotation=signature.empty)}"


def is_marked(node: pytest.Item | pytest.Function) -> bool:
    """Return whether a test has a marker of this plugin."""
    return any(mark.name.startswith("dag_") for mark in node.iter_markers())


def check_arguments(mark: pytest.Mark, where: str) -> Any:
    """Check the arguments of a marker.

    Args:
        mark: The marker of a test.
        where: The id of the test, for the message.

    Returns:
        The value that the function of the marker returns for the arguments.

    Raises:
        pytest.fail.Exception: The arguments do not match the signature.
    """
    (marker,) = (function for function in MARKERS if function.__name__ == mark.name)
    try:
        return marker(*mark.args, **mark.kwargs)
    except TypeError as error:
        message = str(error)
    pytest.fail(f"{where}: marker {mark.name}: {message}\nusage: {_usage(marker)}", pytrace=False)


def marks_nearest_first(item: pytest.Item, name: str) -> list[pytest.Mark]:
    """Return the marks of a name that a test has: of its parameters, its function, its class, its module.

    A class comes before its bases. pytest has parameters behind the function, and bases before the class.
    """
    callspec = getattr(item, "callspec", None)
    of_parameters = callspec.marks if callspec else ()
    found = list(item.iter_markers_with_node(name))
    nodes = [node for node, _ in found]

    def distance(pair: tuple[Any, pytest.Mark]) -> tuple[int, int]:
        node, mark = pair
        if any(mark is other for other in of_parameters):
            return -1, 0
        classes = node.obj.__mro__ if isinstance(node, pytest.Class) else ()
        of_classes = [index for index, cls in enumerate(classes) if mark in _own_marks(cls)]
        return nodes.index(node), min(of_classes, default=0)

    return [mark for _, mark in sorted(found, key=distance)]


def _own_marks(cls: type) -> list[object]:
    """Return the marks that are written at a class or in it, without those of its bases."""
    marks = vars(cls).get("pytestmark", ())
    return [getattr(mark, "mark", mark) for mark in (marks if isinstance(marks, list) else [marks])]
