"""Requirements: the resources that each definition needs."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetSpec,
    ConfigurableResource,
    DagflowType,
    In,
    Out,
    SourceAsset,
    asset,
    build_asset_context,
    dagflow_type_loader,
    graph,
    job,
    materialize,
    op,
    success_hook,
)
from dagflow.defs.resources.io_managers import default_io_manager, mem_io_manager
from dagflow.defs.resources.requirements import (
    IO_MANAGER,
    Requirement,
    not_provided,
    required_by,
    requirements_of,
)
from dagflow.errors import DagflowInvalidDefinitionError, DagflowMissingResourceError


@dagflow_type_loader(int, required_resource_keys={"scale"})
def load(context: Any, value: int) -> int:
    """A type loader that reads a resource."""
    return value


@success_hook(required_resource_keys={"bell"})
def ring(context: Any) -> None:
    """A hook that reads a resource."""


BEANS = DagflowType(lambda context, value: True, "Beans", loader=load, required_resource_keys={"sieve"})


@op(
    ins={"beans": In(BEANS, input_manager_key="shelf")},
    out=Out(BEANS, io_manager_key="jar"),
    required_resource_keys={"mill"},
)
def grind(context: Any, beans: Any) -> Any:
    """An op with every sort of requirement."""


def _told(requirements: Any) -> list[str]:
    return [f"{need.role} {need.key} by {need.by}" for need in requirements]


def test_an_op_and_its_ports() -> None:
    """An op has own requirements, and requirements of its inputs that depend on their source."""
    assert _told(grind.own_requirements()) == [
        "resource mill by op 'grind'",
        "io manager jar by output 'result' of op 'grind'",
        "resource sieve by the type of output 'result' of op 'grind'",
    ]
    assert _told(grind.input_requirements()) == [
        "resource sieve by the type of input 'beans' of op 'grind'",
        "input manager shelf by input 'beans' of op 'grind'",
        "resource scale by the loader of input 'beans' of op 'grind'",
    ]
    assert all(__file__ in need.place for need in grind.own_requirements())
    assert "'fine'" in _told(grind.configured({}, name="fine").own_requirements())[0]


def test_a_graph_and_a_job() -> None:
    """A graph needs what the definitions in it need, at every depth; a job also what its hooks need."""
    stock = SourceAsset("stock", io_manager_key="cellar")

    @graph
    def inner(beans: Any) -> None:
        grind(beans)

    @job(hooks={ring})
    def shop() -> None:
        inner(stock)

    of_inner = requirements_of(inner.all_requirements())
    assert set(of_inner) == {"mill", "jar", "sieve", "shelf", "scale"}
    assert of_inner["scale"].by == "the loader of input 'beans' of graph 'inner'"
    assert set(shop.requirements()) == {*of_inner, "cellar", "bell"}
    assert shop.requirements()["bell"].by == "hook 'ring' attached to job 'shop'"
    assert shop.requirements() is shop.requirements()


def test_assets() -> None:
    """An asset needs what its op and its hooks need; one that is only read needs its I/O manager."""
    made = asset(name="made", hooks={ring}, required_resource_keys={"mill"})(lambda context: 1)

    assert set(requirements_of(made.own_requirements())) == {"mill", "io_manager", "bell"}
    for read in (
        SourceAsset("read", io_manager_key="jar"),
        AssetSpec("read").with_io_manager_key("jar"),
    ):
        (need,) = read.own_requirements()
        assert need == Requirement("jar", f'{type(read).__name__} with key ["read"]', role=IO_MANAGER)


def test_the_first_of_a_key_is_named() -> None:
    """Requirements are merged in order; keys of one definition are sorted."""
    merged = requirements_of(required_by("ba", "first"), required_by("bc", "second"))

    assert {key: need.by for key, need in merged.items()} == {"a": "first", "b": "first", "c": "second"}


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        (["mills"], "Did you mean 'mills'? The given keys are ['mills']."),
        (["cup"], "The given keys are ['cup']."),
        ({"io_manager": default_io_manager}, "No resource was given."),
        ({"io_manager": mem_io_manager, "ml": None}, "Did you mean 'ml'? The given keys are ['ml']."),
    ],
)
def test_a_key_that_is_not_there(known: Any, hint: str) -> None:
    """The error names the key, the definition that needs it, a similar key, the given keys and the remedy."""
    need = Requirement("mill", "op 'grind'", "shop.py:3")

    assert str(not_provided(need, known, "job 'bar'")) == (
        f"resource with key 'mill' required by op 'grind' was not provided. {hint} Give job 'bar' a resource "
        "with this key: resource_defs={'mill': ...}. It is needed at shop.py:3."
    )
    assert str(not_provided(need, known, "here", remedy="Give one.", asset="asset 'raw/beans'")) == (
        f"resource with key 'mill' required by op 'grind' was not provided. {hint} Give one. It is needed by "
        "asset 'raw/beans' at shop.py:3."
    )


def test_the_default_of_a_resource() -> None:
    """The error about a missing resource says that the default of its parameter is not used."""

    class Mill(ConfigurableResource[Any]):
        grams: int = 18

    @asset
    def grounds(mill: Mill = Mill(grams=9)) -> int:  # noqa: B008 - a user writes it
        return mill.grams

    assert materialize([grounds], resources={"mill": Mill()}).asset_value("grounds") == 18
    errors = (DagflowInvalidDefinitionError, DagflowMissingResourceError)
    for run in (lambda: materialize([grounds]), lambda: grounds(build_asset_context())):
        with pytest.raises(errors, match="The default of the parameter 'mill' is not used"):
            run()
