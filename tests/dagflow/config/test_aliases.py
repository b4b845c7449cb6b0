"""The names of fields in config."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from dagflow import Config, ConfigurableResource, EnvVar, RunConfig, build_resources, job, op
from dagflow.config.aliases import input_keys
from dagflow.errors import DagflowInvalidConfigError, DagflowInvalidPythonicConfigDefinitionError


class Beans(Config):
    model_config = pydantic.ConfigDict(populate_by_name=True)

    grams: int = pydantic.Field(default=18, alias="g")
    origin: str = pydantic.Field(default="peru", validation_alias="from")
    roast: str = pydantic.Field(
        default="dark", validation_alias=pydantic.AliasChoices("r", "level", pydantic.AliasPath("deep", "er"))
    )
    cups: int = pydantic.Field(default=1, serialization_alias="c")


class Strict(Config):
    grams: int = pydantic.Field(validation_alias=pydantic.AliasChoices("g", "weight"))


@op
def brew(config: Beans) -> Any:
    return config.grams, config.origin, config.roast, config.cups


@job
def bar() -> None:
    brew()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"g": 1, "from": "x", "r": "y", "cups": 2}, (1, "x", "y", 2)),
        ({"grams": 1, "origin": "x", "roast": "y"}, (1, "x", "y", 1)),
        ({"level": "y"}, (18, "peru", "y", 1)),
        ({}, (18, "peru", "dark", 1)),
    ],
)
def test_every_alias_is_a_name_in_config(config: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Config gives a field by each alias that pydantic validates, and by its name with populate_by_name."""
    given = {"ops": {"brew": {"config": config}}}

    assert bar.execute_in_process(given).output_for_node("brew") == expected
    assert bar.execute_in_process(RunConfig({"brew": Beans(**config)})).output_for_node("brew") == expected


@pytest.mark.parametrize("config", [{"g": 1, "grams": 2}, {"r": "x", "level": "y"}])
def test_a_field_under_two_names(config: dict[str, Any]) -> None:
    """A field that is given under two of its names is an error."""
    with pytest.raises(DagflowInvalidConfigError, match="Received both field"):
        bar.execute_in_process({"ops": {"brew": {"config": config}}})


def test_the_name_of_a_field_with_an_alias() -> None:
    """The name of a field is unknown in config if pydantic only knows the alias."""
    assert input_keys(Strict, "grams", Strict.model_fields["grams"]) == ("g", "weight")
    assert Strict.to_config_schema().config_type.describe() == "{ g: (Int | { env: String }) }"
    assert Strict.from_config({"g": 3}).to_config_value() == {"g": 3}


def test_environment_variables_under_an_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable may be given under any name of its field."""
    monkeypatch.setenv("ROAST", "light")

    result = bar.execute_in_process(RunConfig({"brew": Beans(level=EnvVar("ROAST"))}))

    assert result.output_for_node("brew") == (18, "peru", "light", 1)


def test_an_alias_that_is_a_path() -> None:
    """A path into another value is no name in config, so a field without another alias is refused."""

    class Deep(Config):
        grams: int = pydantic.Field(validation_alias=pydantic.AliasPath("beans", 0))

    with pytest.raises(DagflowInvalidPythonicConfigDefinitionError, match=r"'grams' of Config class 'Deep'"):
        Deep.to_config_schema()


def test_aliases_of_resources() -> None:
    """The fields of a resource class have the same names in `configure_at_launch` and in the run config."""

    class Mill(ConfigurableResource):
        grams: int = pydantic.Field(validation_alias=pydantic.AliasChoices("g", "weight"))

    class Shop(ConfigurableResource):
        mill: Mill = pydantic.Field(validation_alias="m")

    with build_resources(
        {"mill": Mill.configure_at_launch(weight=3), "shop": Shop(m=Mill(g=4))},
    ) as resources:
        assert resources.mill.grams == 3
        assert resources.shop.mill.grams == 4
    with build_resources(
        {"mill": Mill.configure_at_launch(weight=3)}, resource_config={"mill": {"config": {"weight": 5}}}
    ) as resources:
        assert resources.mill.grams == 5
