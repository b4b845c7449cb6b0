"""Names and arguments of Dagster that dagflow does not have: each message names them and a remedy."""

from __future__ import annotations

import inspect
import pickle
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

import dagflow
from dagflow import (
    DagflowAbsentError,
    DagflowInvalidDefinitionError,
    Definitions,
    RunsFilter,
    asset,
    build_resources,
    instance_for_test,
    materialize_to_memory,
)
from dagflow.absent import absent_name
from dagflow.absent_names import ARGUMENTS, TOPICS
from dagflow.errors import MissingArgumentsError


def test_an_import_of_an_absent_name() -> None:
    """The ImportError names the absent name, its meaning and a remedy, also beside names that exist."""
    with pytest.raises(
        ImportError, match=r"'PipesLogReader' \(reads the log .*\) is not in dagflow yet. Start the process"
    ):
        exec("from dagflow import asset, PipesLogReader")


def test_an_access_of_an_absent_name() -> None:
    """An access raises AttributeError with the same sentence, so that `hasattr` stays harmless."""
    with pytest.raises(
        AttributeError, match=r"'PipesCompositeMessageReader' \(.*\) is not in dagflow yet\. Start the"
    ):
        _ = dagflow.PipesCompositeMessageReader  # type: ignore[attr-defined]

    assert not hasattr(dagflow, "PipesLogReader")
    assert getattr(dagflow, "PipesLogReader", None) is None


def test_a_misspelt_name() -> None:
    """A name that neither dagflow nor Dagster has gets the nearest name, by import and by access."""
    with pytest.raises(
        ImportError, match=r"cannot import name 'aset' from 'dagflow'\. Did you mean 'asset'\?"
    ):
        exec("from dagflow import aset")
    with pytest.raises(AttributeError, match=r"no attribute 'aset'\. Did you mean 'asset'\?"):
        _ = dagflow.aset  # type: ignore[attr-defined]


def test_a_module_that_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """`from dagflow import ...` imports a module of dagflow that nothing has imported before."""
    monkeypatch.delattr(dagflow, "absent_names", raising=False)
    monkeypatch.delitem(sys.modules, "dagflow.absent_names", raising=False)
    names: dict[str, ModuleType] = {}

    exec("from dagflow import absent_names", names)

    assert names["absent_names"].__name__ == "dagflow.absent_names"


@pytest.mark.parametrize("name", ["__wrapped__", "_nope", "a.b", "", "no pe"])
def test_private_names(name: str) -> None:
    """A private name, or a string that is no name, gets a plain AttributeError: tools ask for them."""
    with pytest.raises(AttributeError, match=f"^module 'dagflow' has no attribute '{name}'$"):
        getattr(dagflow, name)


ABSENT_ARGUMENTS: list[tuple[str, str, Callable[..., object]]] = [
    ("Definitions", "component_tree", Definitions),
    ("RunsFilter", "updated_after", RunsFilter),
    ("build_resources", "log_manager", lambda **more: build_resources({}, **more).__enter__()),
    ("instance_for_test", "synchronous_run_launcher", lambda **more: instance_for_test(**more).__enter__()),
]


@pytest.mark.parametrize(("owner", "name", "call"), ABSENT_ARGUMENTS)
def test_an_absent_argument(owner: str, name: str, call: Callable[..., object]) -> None:
    """An argument that only Dagster has is named, also if its value is empty."""
    with pytest.raises(DagflowAbsentError, match=rf"^the argument '{name}' of {owner} \(") as raised:
        call(**{name: []})

    assert isinstance(raised.value, (TypeError, DagflowInvalidDefinitionError))
    assert str(raised.value).endswith(ARGUMENTS[name].instead)


@pytest.mark.parametrize(
    "owner", sorted({owner for row in ARGUMENTS.values() for owner in row.owners.split()})
)
def test_each_owner_is_tested(owner: str) -> None:
    """Each function in the table of arguments has a row in the test above."""
    assert owner in {row[0] for row in ABSENT_ARGUMENTS}


def test_an_unknown_argument_is_a_type_error() -> None:
    """An argument that neither dagflow nor Dagster has gets Python's own error."""
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'timers'") as raised:
        Definitions(timers=[])  # type: ignore[call-arg]

    assert type(raised.value) is TypeError


def test_errors_inside_a_function_are_not_explained() -> None:
    """A TypeError of the user's own code about such a keyword stays as it is."""

    @asset
    def water() -> None:
        dict.fromkeys((), check_specs=1)  # type: ignore[call-overload]

    with pytest.raises(TypeError, match="takes no keyword arguments"):
        materialize_to_memory([water])


def test_signatures_stay_visible() -> None:
    """Editors and `inspect` see the real parameters of the functions that explain absent arguments."""
    assert "group_name" in inspect.signature(asset).parameters
    assert list(inspect.signature(Definitions).parameters)[:2] == ["assets", "schedules"]


def test_the_error_survives_a_pickle() -> None:
    """The error has its class and its message after a pickle."""
    error = pickle.loads(pickle.dumps(DagflowAbsentError("why")))

    assert (type(error), str(error)) == (DagflowAbsentError, "why")


def test_each_name_has_a_sentence() -> None:
    """Each row of the table has a meaning and a remedy, and no name stands in it twice."""
    names = [name for topic in TOPICS for name in topic.names]

    assert len(names) == len(set(names))
    for topic in TOPICS:
        assert topic.instead.endswith(".")
        assert all(meaning and meaning[-1] != "." for meaning in topic.names.values())
    assert absent_name("nope") is None


def test_no_absent_name_is_exported() -> None:
    """A name that dagflow exports is no longer in the table of absent names."""
    assert not {name for topic in TOPICS for name in topic.names} & {*dagflow.__all__}


def test_no_absent_argument_exists() -> None:
    """An argument that dagflow has is no longer in the table of absent arguments."""
    for name, row in ARGUMENTS.items():
        for owner in row.owners.split():
            cls, _, method = owner.partition(".")
            found = getattr(dagflow, cls)
            parameters = inspect.signature(getattr(found, method) if method else found).parameters
            assert name not in parameters, f"{owner} has '{name}'"


@pytest.mark.parametrize(
    "name", ["multi_asset", "graph_multi_asset", "asset_check", "multi_observable_source_asset"]
)
def test_a_decorator_without_its_arguments(name: str) -> None:
    """A decorator that needs arguments names itself and the function, if it has none."""

    def beans() -> None:
        raise AssertionError("it never runs")

    with pytest.raises(MissingArgumentsError, match=f"@{name} above the function 'beans' needs arguments"):
        getattr(dagflow, name)(beans)
