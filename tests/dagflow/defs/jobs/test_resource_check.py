"""One answer to the question of which resources a job needs, at every entrance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dagflow import (
    AssetIn,
    AssetSpec,
    ConfigurableResource,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowType,
    Definitions,
    In,
    Out,
    ResourceDependency,
    SourceAsset,
    asset,
    build_op_context,
    build_resources,
    dagflow_type_loader,
    define_asset_job,
    graph,
    materialize,
    materialize_to_memory,
    op,
    resource,
    success_hook,
    with_resources,
)
from dagflow.defs.resources.io_managers import fs_io_manager

checked = DagflowType(lambda context, value: True, "Checked", required_resource_keys={"db"})
loader = dagflow_type_loader(config_schema=int, required_resource_keys={"db"})(lambda context, n: n)
loaded = DagflowType(lambda context, value: True, "Loaded", loader=loader)
beans = asset(name="beans")(lambda: 1)


@success_hook(required_resource_keys={"db"})
def report(context: Any) -> None: ...


@resource(required_resource_keys={"db"})
def needy(context: Any) -> int:
    return 1


def _reading(**given: Any) -> Any:
    return asset(name="coffee", ins={"beans": AssetIn(**given)})(lambda beans: 1)


NEEDS: dict[str, tuple[Callable[[], list[Any]], str]] = {
    "op": (lambda: [asset(name="coffee", required_resource_keys={"db"})(lambda context: 1)], "op 'coffee'"),
    "I/O manager": (lambda: [asset(name="coffee", io_manager_key="db")(lambda: 1)], "output 'result'"),
    "type": (lambda: [asset(name="coffee", dagflow_type=checked)(lambda: 1)], "the type of output 'result'"),
    "type of an input": (lambda: [_reading(dagflow_type=checked), beans], "the type of input 'beans'"),
    "loader": (lambda: [_reading(dagflow_type=loaded), beans], "the loader of input 'beans'"),
    "input manager": (lambda: [_reading(input_manager_key="db"), beans], "input 'beans' of op 'coffee'"),
    "hook": (lambda: [asset(name="coffee", hooks={report})(lambda: 1)], "hook 'report'"),
    "source": (
        lambda: [asset(name="coffee")(lambda beans: 1), SourceAsset("beans", io_manager_key="db")],
        r'SourceAsset with key \["beans"\]',
    ),
    "source that nothing reads": (
        lambda: [asset(name="coffee")(lambda: 1), SourceAsset("beans", io_manager_key="db")],
        r'SourceAsset with key \["beans"\]',
    ),
    "spec that nothing reads": (
        lambda: [asset(name="coffee")(lambda: 1), AssetSpec("beans").with_io_manager_key("db")],
        r'AssetSpec with key \["beans"\]',
    ),
}
ENTRANCES: dict[str, Callable[[list[Any]], Any]] = {
    "materialize": materialize,
    "materialize_to_memory": materialize_to_memory,
    "Definitions": lambda assets: Definitions(assets).get_implicit_global_asset_job_def(),
    "define_asset_job": lambda assets: Definitions(
        assets, jobs=[define_asset_job("brew", selection="coffee")]
    ).get_job_def("brew"),
    "with_resources": lambda assets: with_resources([each for each in assets if each is not beans], {}),
}
IN_MEMORY = {"I/O manager", "source", "source that nothing reads", "spec that nothing reads"}


REFUSED = [
    (entrance, need)
    for entrance in ENTRANCES
    for need in NEEDS
    if not (entrance == "materialize_to_memory" and need in IN_MEMORY)
    and (entrance, need) != ("with_resources", "spec that nothing reads")
]
"""All but I/O managers that memory replaces, and an AssetSpec, which `with_resources` returns unchanged."""


@pytest.mark.parametrize(("entrance", "need"), REFUSED)
def test_every_entrance_refuses_the_same(entrance: str, need: str) -> None:
    """A resource that an asset needs is refused with the same words at every entrance, before a run."""
    define, by = NEEDS[need]

    with pytest.raises(DagflowInvalidDefinitionError, match=rf"key 'db' required by {by}.* was not provided"):
        ENTRANCES[entrance](define())


@pytest.mark.parametrize("need", NEEDS)
def test_every_entrance_accepts_the_same(need: str) -> None:
    """An asset with all that it needs passes every check."""
    define, _ = NEEDS[need]
    given = {"db": fs_io_manager}

    assert Definitions(define(), resources=given).get_implicit_global_asset_job_def()
    assert with_resources(define(), given)


def test_an_io_manager_of_an_asset_that_does_not_run() -> None:
    """The I/O manager of an asset that is not selected must be known; its other resources need not be."""
    stored = asset(name="stored", io_manager_key="shelf")(lambda: 1)
    needing = asset(name="needing", required_resource_keys={"db"})(lambda context: 1)

    with pytest.raises(DagflowInvalidDefinitionError, match="'shelf' required by output 'result' of op 'sto"):
        materialize([beans, stored], selection="beans")
    assert materialize([beans, needing], selection="beans").success


PORTS = [
    {"out": Out(checked)},
    {"out": Out(io_manager_key="db")},
    {"ins": {"n": In(checked, default_value=1)}},
    {"ins": {"n": In(loaded, default_value=1)}},
    {"ins": {"n": In(input_manager_key="db", default_value=1)}},
    {"required_resource_keys": {"db"}},
]


@pytest.mark.parametrize("ports", PORTS)
def test_a_job_in_definitions_and_in_a_run(ports: dict[str, Any]) -> None:
    """A job that lacks a resource is refused by Definitions and by a run, and accepted with the resource."""
    made = op(name="pour", **ports)(lambda n=1: n)
    if "required_resource_keys" in ports:
        made = op(name="pour", **ports)(lambda context: 1)
    serve = graph(name="serve")(lambda: (made(), None)[1])

    with pytest.raises(DagflowInvalidDefinitionError, match=r"'db' .*op 'pour'.*or to the Definitions"):
        Definitions(jobs=[serve.to_job()]).get_job_def("serve")
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'db' .*op 'pour'.* Give job 'serve'"):
        serve.to_job().execute_in_process()
    assert Definitions(jobs=[serve.to_job()], resources={"db": fs_io_manager}).get_job_def("serve")


MISSING: dict[str, Callable[[], Any]] = {
    "materialize": lambda: materialize([_dark()], resources={"database": 1, "mill": 2}),
    "materialize_to_memory": lambda: materialize_to_memory([_dark()], resources={"database": 1, "mill": 2}),
    "with_resources": lambda: with_resources([_dark()], {"database": 1, "mill": 2}),
    "Definitions": lambda: Definitions([_dark()], resources={"database": 1, "mill": 2}).get_job_def(
        "__ASSET_JOB"
    ),
    "define_asset_job": lambda: Definitions(
        [_dark()], jobs=[define_asset_job("brew")], resources={"database": 1, "mill": 2}
    ).get_job_def("brew"),
}


def _dark() -> Any:
    return asset(name="dark", key_prefix="raw", required_resource_keys={"db"})(lambda context: 1)


@pytest.mark.parametrize("entrance", MISSING)
def test_the_message_about_a_missing_resource(entrance: str) -> None:
    """The error names the asset, the key, the keys that were given, the nearest of them and the location."""
    with pytest.raises(DagflowInvalidDefinitionError) as caught:
        MISSING[entrance]()

    message = str(caught.value)
    assert "key 'db' required by op 'raw__dark' was not provided. Did you mean 'database'?" in message
    assert "The given keys are ['database', 'mill']." in message
    assert "by asset 'raw/dark' at " in message
    assert "test_resource_check.py:" in message
    assert "__" not in message.replace("raw__dark", "")


@pytest.mark.parametrize(
    "call",
    [
        lambda: op(name="o", required_resource_keys={"db"})(lambda context: 1)(
            build_op_context(resources={"database": 1})
        ),
        lambda: materialize([beans], resources={"database": 1, "needy": needy}),
        lambda: graph(name="g")(
            lambda: (op(name="o", required_resource_keys={"db"})(lambda context: 1)(), None)[1]
        ).execute_in_process(resources={"database": 1}),
    ],
)
def test_the_message_of_direct_calls_and_resources(call: Callable[[], Any]) -> None:
    """Direct calls, resources that need others, and graphs name the given keys too."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'db' .*'database'\? The given keys are \['dat"):
        call()


def test_the_message_of_build_resources() -> None:
    """`build_resources` names the given keys."""
    with (
        pytest.raises(DagflowInvariantViolationError, match=r"'database'\? The given keys are \['database'"),
        build_resources({"database": 1, "needy": needy}),
    ):
        pass


class Outer(ConfigurableResource[Any]):
    """A resource with others inside."""

    inner: ResourceDependency[Any]
    more: list[ResourceDependency[Any]] = []  # noqa: RUF012 - pydantic copies it


class Needy(ConfigurableResource[Any]):
    """A resource that needs config."""

    cups: int


@op(required_resource_keys={"outer"})
def look(context: Any) -> Any:
    return context.resources.outer.inner


NESTED_ENTRANCES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "materialize": lambda given: materialize([_looking()], resources=given),
    "materialize_to_memory": lambda given: materialize_to_memory([_looking()], resources=given),
    "Definitions": lambda given: Definitions([_looking()], resources=given).resolve_all_job_defs(),
    "with_resources": lambda given: with_resources([_looking()], given),
    "run": lambda given: _serving().to_job(resource_defs=given).execute_in_process(),
    "execute_in_process": lambda given: _serving().execute_in_process(resources=given),
    "job in Definitions": lambda given: Definitions(
        jobs=[_serving().to_job(resource_defs=given)]
    ).get_job_def("g"),
    "build_resources": lambda given: build_resources(given).__enter__(),
    "build_op_context": lambda given: build_op_context(resources=given),
}


def _looking() -> Any:
    return asset(name="looking", required_resource_keys={"outer"})(lambda context: 1)


def _serving() -> Any:
    return graph(name="g")(lambda: (look(), None)[1])


@pytest.mark.parametrize("entrance", NESTED_ENTRANCES)
@pytest.mark.parametrize(
    "make", [lambda inner: Outer(inner=inner), lambda inner: Outer(inner=1, more=[2, inner])]
)
def test_the_needs_of_nested_resources(entrance: str, make: Callable[[Any], Any]) -> None:
    """A nested resource that needs another resource, or config, is refused alike at every entrance."""
    enter = NESTED_ENTRANCES[entrance]

    with pytest.raises(DagflowInvariantViolationError, match=r"'db' required by resource with key 'outer'"):
        enter({"outer": make(needy)})
    with pytest.raises(DagflowInvalidDefinitionError, match="must be provided as a top level resource"):
        enter({"outer": make(Needy.configure_at_launch())})
    enter({"outer": make(needy), "db": 1})
