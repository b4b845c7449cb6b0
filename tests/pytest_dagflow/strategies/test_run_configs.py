"""`run_configs` draws only config that a job accepts; `invalid_run_configs` draws exactly one mistake."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import dagflow as dg
from pytest_dagflow.strategies import InvalidRunConfig, invalid_run_configs, run_configs

few = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


class Cat(dg.Config):
    kind: Literal["cat"] = "cat"
    lives: int = pydantic.Field(ge=1, le=9)


class Dog(dg.Config):
    kind: Literal["dog"] = "dog"
    name: str = pydantic.Field(pattern=r"^[a-z]{2,4}$")

    @pydantic.field_validator("name")
    @classmethod
    def not_rex(cls, name: str) -> str:
        if name == "rex":
            raise ValueError("every dog is called rex")
        return name


class Tree(dg.Config):
    height: int
    branches: list[Tree] = []  # noqa: RUF012 - pydantic copies it


class Beans(dg.Config):
    grams: int = pydantic.Field(gt=3, lt=9)
    half: float = pydantic.Field(multiple_of=0.5, ge=0)
    size: Size
    maybe: Annotated[int, pydantic.Field(gt=100)] | None = None
    pet: Cat | Dog = pydantic.Field(discriminator="kind")
    names: list[Annotated[str, pydantic.Field(min_length=2)]] = pydantic.Field(max_length=2)
    by_name: dict[str, int] = {}  # noqa: RUF012 - pydantic copies it


class Database(dg.ConfigurableResource[Any]):
    url: str = pydantic.Field(min_length=1)


@dg.op
def brew(config: Beans) -> int:
    return config.grams


@dg.op
def grow(config: Tree) -> int:
    return config.height


SCHEMA = {
    "plain": {"a": int, "b": dg.Field(float, is_required=False), "c": dg.Field(str, default_value="x")},
    "selector": dg.Selector({"x": int, "y": {"z": str}, "v": {"w": dg.Field(int, is_required=False)}}),
    "single": dg.Field(dg.Selector({"x": dg.Field(int, is_required=False)}), is_required=False),
    "enum": dg.Enum("Drink", [dg.EnumValue("TEA"), dg.EnumValue("MATE")]),
    "maybe": dg.Noneable(int),
    "union": dg.ScalarUnion(str, {"file": int}),
    "map": {int: str},
    "list": [{"on": bool}],
    "open": dg.Permissive({"q": int}),
    "anything": dg.Any,
    "source": dg.IntSource,
}


@dg.op(config_schema=SCHEMA)
def pour(context: dg.OpExecutionContext) -> Any:
    return context.op_config


@dg.op(required_resource_keys={"database"})
def store(number: int, other: Any) -> None: ...


@dg.op(config_schema={"q": int})
def inner(context: dg.OpExecutionContext) -> int:
    return int(context.op_config["q"])


@dg.graph(
    config=dg.config_mapping(config_schema={"n": int})(
        lambda config: {"inner": {"config": {"q": config["n"]}}}
    )
)
def mapped() -> Any:
    return inner()


@dg.job(resource_defs={"database": Database.configure_at_launch()})
def cafe() -> None:
    brew(), grow(), pour(), store(), mapped()


@few
@given(run_configs(cafe))
def test_each_config_is_accepted_and_runs(config: dict[str, Any]) -> None:
    """The job accepts each drawn config, also the validators of pydantic, and its repr is its code."""
    dg.validate_run_config(cafe, config)

    assert cafe.execute_in_process(run_config=config).success
    assert eval(repr(config)) == config


@few
@given(run_configs(cafe, system=True))
def test_config_of_loggers_and_executor(config: dict[str, Any]) -> None:
    """With `system` the config of loggers and of the executor is valid too."""
    dg.validate_run_config(cafe, config)

    assert cafe.execute_in_process(run_config=config).success


@few
@given(invalid_run_configs(cafe))
def test_each_mistake_is_reported_at_its_path(invalid: InvalidRunConfig) -> None:
    """Validation reports one error, at the path that was drawn."""
    with pytest.raises(dg.DagflowInvalidConfigError) as caught:
        dg.validate_run_config(cafe, invalid.config)

    assert [error.path for error in caught.value.errors] == [invalid.path], invalid.reason


@dg.job(config={"ops": {"inner": {"config": {"q": 1}}}})
def with_default() -> None:
    inner()


@few
@given(invalid_run_configs(with_default))
def test_the_default_config_of_a_job_supplies_entries(invalid: InvalidRunConfig) -> None:
    """A value that the default config of the job supplies is not drawn as missing."""
    with pytest.raises(dg.DagflowInvalidConfigError) as caught:
        dg.validate_run_config(with_default, invalid.config)

    assert [error.path for error in caught.value.errors] == [invalid.path], invalid.reason


@dg.op(config_schema={"grams": int, "kinds": dg.Field([str], is_required=False)})
def weigh(context: dg.OpExecutionContext) -> None: ...


@dg.job
def small() -> None:
    weigh()


def test_small_examples() -> None:
    """Config shrinks to what is required, and invalid config to the mistake."""
    config = find(run_configs(small), lambda config: config["ops"]["weigh"]["config"]["grams"] > 7)
    invalid = find(invalid_run_configs(small), lambda invalid: "grams" in invalid.path)

    assert config == {"ops": {"weigh": {"config": {"grams": 8}}}}
    assert invalid.config == {"ops": {"weigh": {"config": {"grams": None}}}}
    assert invalid.path == "root:ops:weigh:config:grams"
    assert invalid.reason == "the value is None"


def test_a_strategy_for_a_path() -> None:
    """A strategy of the user replaces that of a field."""
    strategy = run_configs(small, values={"ops:weigh:config:grams": st.just(18)})

    assert find(strategy, lambda config: True) == {"ops": {"weigh": {"config": {"grams": 18}}}}


def test_config_of_assets() -> None:
    """A list of assets has the config of the job that materializes them."""

    @dg.asset(config_schema={"rows": int})
    def orders() -> None: ...

    assert find(run_configs([orders]), lambda config: True) == {"ops": {"orders": {"config": {"rows": 0}}}}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run_configs(brew), "must be a job or a list of assets, not <op 'brew'>"),
        (lambda: run_configs(mapped), r"Call its method to_job\(\)"),
        (
            lambda: run_configs(small, values={"ops:weigh:config:gram": st.just(1)}),
            "paths are 'ops', 'ops:weigh'",
        ),
        (lambda: run_configs(small, values={"ops": 3}), "strategies of hypothesis, not 'ops': 3"),
        (lambda: run_configs(small, system=1), "'system' must be True or False, not 1"),
        (lambda: invalid_run_configs(3), "must be a job or a list of assets, not 3"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(call: Any, message: str) -> None:
    """An invalid argument is an error of the call, not of a draw."""
    with pytest.raises(dg.ParameterCheckError, match=message):
        call()
