"""Config as Python objects: EnvVar, RunConfig, and their conversion to plain config."""

from __future__ import annotations

import enum
import subprocess
import sys
from typing import Literal

import pytest

from dagflow import Config, EnvVar, RunConfig, job, materialize_to_memory, op, validate_run_config
from dagflow.config.objects import holds_env_var, is_config_object, plain_config
from dagflow.errors import DagflowInvalidConfigError, ParameterCheckError


class Roast(enum.Enum):
    """A choice."""

    LIGHT = 1


class Beans(Config):
    """The config of `brew`."""

    name: str
    grams: int = 18


@op
def brew(config: Beans) -> str:
    """Return the config as a string."""
    return f"{config.grams} g {config.name}"


@job
def bar() -> None:
    """Run one op."""
    brew()


def test_an_env_var_and_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """`get_value` reads the environment at once, and returns the default if the variable is not set."""
    monkeypatch.setenv("BEANS", "mocha")
    monkeypatch.setenv("GRAMS", "9")

    assert EnvVar("BEANS").get_value() == "mocha"
    assert (EnvVar("NO_BEANS").get_value(), EnvVar("NO_BEANS").get_value("x")) == (None, "x")
    assert EnvVar.int("GRAMS").get_value() == 9
    assert (EnvVar.int("NO_GRAMS").get_value(), EnvVar.int("NO_GRAMS").get_value(2)) == (None, 2)
    assert (EnvVar("BEANS").env_var_name, EnvVar.int("GRAMS").env_var_name) == ("BEANS", "GRAMS")


@pytest.mark.parametrize("read", [str, "{}".format])
@pytest.mark.parametrize("variable", [EnvVar("BEANS"), EnvVar.int("BEANS")], ids=["text", "int"])
def test_an_env_var_is_no_value(variable: object, read: type[str]) -> None:
    """The use of an EnvVar as a string is an error that names `get_value`."""
    with pytest.raises(RuntimeError, match=r'EnvVar.*"BEANS".*get_value\(\)'):
        read(variable)


def test_an_env_var_as_an_int_is_no_value() -> None:
    """The use of an EnvVar as an integer is an error."""
    with pytest.raises(RuntimeError, match="looked up only when a run starts"):
        int(EnvVar.int("GRAMS"))


def test_the_plain_form() -> None:
    """Config objects, enums, tuples and variables become plain values at any depth."""
    given = {"roast": Roast.LIGHT, "all": (Beans(name="a"), EnvVar.int("N")), "n": None}

    assert plain_config(given) == {
        "roast": "LIGHT",
        "all": [{"name": "a", "grams": 18}, {"env": "N"}],
        "n": None,
    }
    assert is_config_object(Beans(name="a"))
    assert not is_config_object(Beans)


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("a", False),
        ({"a": [1, EnvVar("B")]}, True),
        ((EnvVar.int("B"),), True),
        (Beans(name="a"), False),
        ([Beans(name=EnvVar("B"))], True),
    ],
)
def test_values_that_contain_a_variable(value: object, holds: bool) -> None:
    """A variable is found inside lists, dicts and Config objects."""
    assert holds_env_var(value) is holds


def test_a_run_config_as_a_dict() -> None:
    """The dict always has four keys; Config objects become entries, and dicts do not change."""
    given = RunConfig(
        ops={"brew": Beans(name="a"), "grind": {"config": 3}},
        resources={"mill": {"config": {"n": 1}}},
        loggers={"console": {}},
        execution={"config": {"a": 1}},
    )

    assert given.to_config_dict() == {
        "ops": {"brew": {"config": {"name": "a", "grams": 18}}, "grind": {"config": 3}},
        "resources": {"mill": {"config": {"n": 1}}},
        "loggers": {"console": {}},
        "execution": {"config": {"a": 1}},
    }
    assert RunConfig().to_config_dict() == {"ops": {}, "resources": {}, "loggers": {}, "execution": {}}


def test_objects_of_ops_in_a_graph() -> None:
    """Config objects below the `ops` of a graph become plain config."""
    given = RunConfig(ops={"shop": {"ops": {"bar": {"ops": {"brew": Beans(name="a")}}}}})

    inner = given.to_config_dict()["ops"]["shop"]["ops"]["bar"]["ops"]
    assert inner == {"brew": {"config": {"name": "a", "grams": 18}}}


def test_run_configs_are_values() -> None:
    """Run configs with the same content are equal, and the repr shows the content."""
    assert RunConfig(ops={"a": 1}) == RunConfig({"a": 1})
    assert RunConfig(ops={"a": 1}) != RunConfig(resources={"a": 1})
    assert RunConfig() != {}
    assert repr(RunConfig(ops={"a": 1})) == "RunConfig(ops={'a': 1})"


def test_a_part_that_is_no_mapping() -> None:
    """A part that is not a mapping is an error that names the part."""
    with pytest.raises(ParameterCheckError, match="'ops'"):
        RunConfig(ops=3)  # type: ignore[arg-type]


def test_a_run_config_is_taken_where_a_dict_is() -> None:
    """A run, a validation and a job's default config accept a RunConfig."""
    given = RunConfig(ops={"brew": Beans(name="a")})
    by_default = job(config=given, name="by_default")(lambda: (brew(), None)[1])

    assert bar.execute_in_process(given).output_for_node("brew") == "18 g a"
    assert by_default.execute_in_process().output_for_node("brew") == "18 g a"
    assert validate_run_config(bar, given)["ops"]["brew"]["config"] == {"name": "a", "grams": 18}
    assert materialize_to_memory([], run_config=RunConfig()).success


def test_a_variable_is_looked_up_by_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable is looked up by the run, not at construction; a missing one is an error that names it."""
    given = RunConfig(ops={"brew": Beans(name=EnvVar("BEANS"), grams=EnvVar.int("GRAMS"))})
    with pytest.raises(DagflowInvalidConfigError, match=r'(?s)"GRAMS" which is not set.*"BEANS"'):
        bar.execute_in_process(given)
    monkeypatch.setenv("BEANS", "mocha")
    monkeypatch.setenv("GRAMS", "9")

    assert bar.execute_in_process(given).output_for_node("brew") == "9 g mocha"


def test_a_variable_in_plain_config_is_refused() -> None:
    """An EnvVar in plain config is an error that shows the form `{"env": NAME}`."""
    with pytest.raises(DagflowInvalidConfigError, match=r"EnvVar.*\{'env': 'BEANS'\}"):
        bar.execute_in_process({"ops": {"brew": {"config": {"name": EnvVar("BEANS")}}}})


def test_pydantic_is_imported_lazily() -> None:
    """Only Config imports pydantic; dagflow, RunConfig and EnvVar do not."""
    code = (
        "import sys, dagflow; dagflow.RunConfig, dagflow.EnvVar, dagflow.ResourceParam\n"
        "assert 'pydantic' not in sys.modules; dagflow.Config; assert 'pydantic' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_an_env_var_for_a_choice_in_plain_config() -> None:
    """An EnvVar in plain config is a config error also for an enum or a literal."""

    class Cup(Config):
        roast: Roast = Roast.LIGHT
        size: Literal["small", "large"] = "small"

    @op
    def serve(config: Cup) -> None: ...

    @job
    def cafe() -> None:
        serve()

    for name in ("roast", "size"):
        with pytest.raises(DagflowInvalidConfigError, match=rf"config:{name} belongs in a Config object"):
            cafe.execute_in_process({"ops": {"serve": {"config": {name: EnvVar("SIZE")}}}})
