"""Config classes: their schema, and the conversion of config to objects and back."""

# ruff: noqa: RUF012 - defaults of pydantic fields are copied

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Dict, List, Literal, Optional  # noqa: UP035

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    Config,
    DagflowType,
    EnvVar,
    Field,
    IntSource,
    Noneable,
    PermissiveConfig,
    RunConfig,
    StringSource,
    asset,
    build_op_context,
    job,
    materialize_to_memory,
    op,
    validate_run_config,
)
from dagflow._util import UNSET
from dagflow.config.parse import parse
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPythonicConfigDefinitionError,
    ParameterCheckError,
)


class Roast(enum.Enum):
    """A choice."""

    LIGHT = "pale"
    DARK = "black"


class Water(Config):
    """Nested config."""

    degrees: int = 96
    source: str = "tap"


class Cat(Config):
    """A pet."""

    kind: Literal["cat", "kitten"] = "cat"
    meows: int


class Dog(Config):
    """A pet."""

    kind: Literal["dog"] = "dog"
    barks: float = 2.5


Pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]


class Everything(Config):
    """A class with each type of field."""

    text: str
    number: int = 1
    share: float = 0.5
    flag: bool = False
    maybe: int | None
    later: Optional[int] = None  # noqa: UP045
    five: int | None = 5
    whatever: Any = None
    plain_list: list = []  # type: ignore[type-arg]
    plain_dict: dict = {}  # type: ignore[type-arg]
    names: List[str] = ["a"]  # noqa: UP006
    counts: Sequence[int] = [1, 2]
    sizes: Dict[str, int] = {"s": 1}  # noqa: UP006
    deep: Mapping[int, list[Mapping[str, int | None]]] = {}
    roast: Roast = Roast.DARK
    roasts: list[Roast] = []
    perhaps: Roast | None = None
    cup: Literal["small", "large"] = "small"
    cups: Literal["small"] | None = None
    water: Water
    cold: Water = Water(degrees=4)
    more: list[Water] = []
    pet: Pet = Dog()
    pets: list[Pet] = []
    named: dict[str, Pet] = {}
    made: list[int] = pydantic.Field(default_factory=list)
    short: Annotated[str, pydantic.Field(max_length=3)] = "abc"


def _read(cls: type[Config], value: Any, environ: dict[str, str] | None = None) -> Any:
    parsed = parse(cls.to_config_schema(), value, environ=environ)
    assert not parsed.errors, parsed.errors
    return parsed.value


def test_every_type_of_field() -> None:
    """Plain config of each type becomes an object with the Python values."""
    made = Everything.from_config(
        _read(
            Everything,
            {
                "text": "t",
                "later": 2,
                "deep": {5: [{"a": 1, "b": None}]},
                "roast": "LIGHT",
                "roasts": ["DARK"],
                "perhaps": "LIGHT",
                "cup": "large",
                "water": {"degrees": 90},
                "more": [{}, {"source": "well"}],
                "pet": {"kitten": {"meows": 3}},
                "pets": [{"dog": {}}, {"cat": {"meows": 1}}],
                "named": {"rex": {"dog": {"barks": 1}}},
            },
        )
    )

    assert (made.text, made.maybe, made.later, made.five) == ("t", None, 2, 5)
    assert made.deep == {5: [{"a": 1, "b": None}]}
    assert (made.roast, made.roasts, made.perhaps) == (Roast.LIGHT, [Roast.DARK], Roast.LIGHT)
    assert (made.cup, made.cups, made.short) == ("large", None, "abc")
    assert made.water == Water(degrees=90)
    assert made.cold == Water(degrees=4)
    assert made.more == [Water(), Water(source="well")]
    assert made.pet == Cat(kind="kitten", meows=3)
    assert made.pets == [Dog(), Cat(meows=1)]
    assert made.named == {"rex": Dog(barks=1)}
    assert (made.counts, made.sizes, made.made) == ([1, 2], {"s": 1}, [])


def test_an_object_survives_plain_config() -> None:
    """An object converted to plain config and back is equal, with the same fields set."""
    made = Everything(
        text="t",
        maybe=1,
        water=Water(),
        roast=Roast.LIGHT,
        roasts=[Roast.DARK],
        pet=Cat(meows=1),
        pets=[Dog()],
        named={"a": Cat(kind="kitten", meows=2)},
        more=[Water(degrees=1)],
        perhaps=Roast.DARK,
    )

    plain = made.to_config_value()
    assert (plain["pet"], plain["roasts"]) == ({"cat": {"meows": 1}}, ["DARK"])
    assert Everything.from_config(_read(Everything, plain)) == made


@given(st.builds(Water), st.integers(), st.none() | st.integers(), st.sampled_from(Roast))
def test_any_object_survives_plain_config(water: Water, n: int, maybe: int | None, roast: Roast) -> None:
    """Any object survives the conversion, for the types whose config form differs."""
    made = Everything(text="t", number=n, maybe=maybe, five=maybe, water=water, roast=roast)

    assert Everything.from_config(_read(Everything, made.to_config_value())) == made


def test_required_fields() -> None:
    """Fields with a default, Optional fields and nested classes without required fields are optional."""
    fields = Everything.to_fields_dict()

    assert [name for name, field in fields.items() if field.is_required] == ["text"]
    assert fields["five"].default_value == 5
    assert fields["later"].default_value is None
    assert fields["pet"].default_value == {"dog": {"barks": 2.5}}
    assert not fields["whatever"].default_provided
    assert not fields["made"].default_provided


def test_the_types_of_scalars() -> None:
    """Scalar fields accept environment variables."""
    fields = Everything.to_fields_dict()

    assert fields["text"].config_type is StringSource
    assert fields["number"].config_type is IntSource
    assert isinstance(fields["maybe"].config_type, Noneable)
    read = _read(
        Everything,
        {"text": {"env": "A"}, "share": {"env": "B"}, "flag": {"env": "C"}, "number": {"env": "D"}},
        {"A": "a", "B": "1.5", "C": "true", "D": "3"},
    )
    assert (read["text"], read["share"], read["flag"], read["number"]) == ("a", 1.5, True, 3)


def test_an_invalid_float_from_the_environment() -> None:
    """A variable whose content is not a float is an error that names the type."""
    parsed = parse(Everything.to_config_schema(), {"text": "", "share": {"env": "B"}}, environ={"B": "x"})

    assert "cannot be coerced into a float" in parsed.errors[0].message


def test_missing_fields_of_a_nested_object_are_its_defaults() -> None:
    """The fields of a default object are the defaults of the nested fields."""
    read = _read(Everything, {"text": "t", "cold": {"source": "well"}})

    assert read["cold"] == {"degrees": 4, "source": "well"}


def test_aliases_are_the_names_in_config() -> None:
    """Config uses the alias, Python the name of the attribute."""

    class Aliased(Config):
        schema_: str = pydantic.Field(alias="schema")

    assert Aliased.to_fields_dict().keys() == {"schema"}
    made = Aliased.from_config({"schema": "s"})
    assert (made.schema_, made.to_config_value()) == ("s", {"schema": "s"})


def test_descriptions_and_secrets() -> None:
    """Descriptions and secrets of fields and classes are part of the schema."""

    class Described(Config):
        """A description of the class."""

        key: str = pydantic.Field(description="A key", json_schema_extra={"dagflow__is_secret": True})

    field = Described.to_fields_dict()["key"]
    assert (field.description, field.is_secret) == ("A key", True)
    assert Described.to_config_schema().description == "A description of the class."
    assert Described.to_config_schema() is Described.to_config_schema()


def test_the_constructor() -> None:
    """The constructor takes members and names of enums, and the config form of unions."""
    assert Everything(text="t", maybe=1, water=Water(), roast="DARK").roast is Roast.DARK  # type: ignore[arg-type]
    assert Everything(text="t", maybe=1, water=Water(), pet={"cat": {"meows": 2}}).pet == Cat(meows=2)  # type: ignore[arg-type]
    with pytest.raises(pydantic.ValidationError, match="degrees"):
        Water(degrees="hot")  # type: ignore[arg-type]


def test_an_unknown_argument_is_ignored_with_a_warning() -> None:
    """A misspelt argument of the constructor is ignored, and a warning at the user's line names the field."""
    with pytest.warns(UserWarning, match="Water has no field 'degrees_', .*'degrees'") as warned:
        assert Water(degrees_=3) == Water()  # type: ignore[call-arg]
    assert warned[0].filename == __file__


def test_a_validator_may_read_further_arguments() -> None:
    """A class that changes the arguments before they are validated gets no warning."""

    class Renamed(Config):
        degrees: int

        @pydantic.model_validator(mode="before")
        @classmethod
        def read_old_name(cls, data: Any) -> Any:
            return {"degrees": data["heat"]} if "heat" in data else data

    assert Renamed(heat=3).degrees == 3  # type: ignore[call-arg]


def test_objects_do_not_change() -> None:
    """Setting an attribute is an error that shows how to create another object."""
    with pytest.raises(DagflowInvalidInvocationError, match=r"'Water'.*'degrees'.*Water\(degrees=\.\.\.\)"):
        Water().degrees = 3
    assert hash(Water()) == hash(Water())


def test_permissive_classes_keep_unknown_names() -> None:
    """Unknown names are kept by the constructor, by config and by the conversion to plain config."""

    class Open(PermissiveConfig):
        n: int

    made = Open.from_config(_read(Open, {"n": 1, "other": [2]}))
    assert (made.other, made.to_config_value()) == ([2], {"n": 1, "other": [2]})  # type: ignore[attr-defined]
    assert Open(n=1, other=[2]) == made  # type: ignore[call-arg]


class _Thing:
    """A class that is not a Config class."""


@pytest.mark.parametrize(
    "annotation",
    [_Thing, tuple, tuple[int, str], set[int], int | str, Cat | Dog, dict[Roast, int], Literal[1], bytes],
)
def test_annotations_that_cannot_be_config(annotation: Any) -> None:
    """The error names field, class and annotation, and is raised when an op uses the class."""
    bad = pydantic.create_model("Bad", x=(annotation, ...), __base__=Config)

    def fn(config: Any) -> None: ...

    fn.__annotations__["config"] = bad
    with pytest.raises(DagflowInvalidPythonicConfigDefinitionError, match="field 'x' of Config class 'Bad'"):
        op(fn)


def test_a_union_of_other_classes() -> None:
    """All members of a union with a discriminator must be Config classes."""

    class Model(pydantic.BaseModel):
        kind: Literal["m"]

    bad = pydantic.create_model("Bad", x=(Dog | Model, pydantic.Field(discriminator="kind")), __base__=Config)
    with pytest.raises(DagflowInvalidPythonicConfigDefinitionError, match="'kind: Literal"):
        bad.to_config_schema()


def test_a_type_of_values_is_no_annotation_of_config() -> None:
    """The error is raised when the class is created."""
    kind = DagflowType(lambda _context, _value: True, name="Kind")

    with pytest.raises(DagflowInvalidPythonicConfigDefinitionError, match="field 'x' of Config class 'Bad'"):
        type("Bad", (Config,), {"__annotations__": {"x": kind}, "__module__": __name__})


def test_a_field_of_a_schema_is_no_default() -> None:
    """A dagflow.Field as the default is an error that names pydantic.Field."""
    bad = pydantic.create_model("Bad", x=(str, Field(str)), __base__=Config)

    with pytest.raises(DagflowInvalidDefinitionError, match=r"pydantic\.Field"):
        bad.to_config_schema()


# use in ops and assets


@op
def boil(config: Water) -> int:
    """Return a field of the config."""
    return config.degrees


@op
def say(context: Any, config: str = "hello") -> Any:
    """Return config that is a plain string."""
    return config, context.op_config


@op
def total(config: list[int]) -> int:
    """Return the sum of config that is a list."""
    return sum(config)


@asset
def tea(config: Water) -> int:
    """An asset with config."""
    return config.degrees


@job
def kitchen() -> None:
    """Run the ops."""
    boil()
    say()


def test_config_in_a_run() -> None:
    """A run uses defaults and given values, and each run has its own object."""
    result = kitchen.execute_in_process()
    assert (result.output_for_node("boil"), result.output_for_node("say")) == (96, ("hello", "hello"))
    result = kitchen.execute_in_process({"ops": {"boil": {"config": {"degrees": 3}}, "say": {"config": "x"}}})
    assert (result.output_for_node("boil"), result.output_for_node("say")) == (3, ("x", "x"))


def test_config_of_an_asset() -> None:
    """The config of an asset is under the name of its op."""
    given = {"ops": {"tea": {"config": {"degrees": 5}}}}

    assert materialize_to_memory([tea], run_config=given).output_for_node("tea") == 5


def test_an_unknown_key_of_a_run_config() -> None:
    """An unknown key is an error with a hint, although the constructor ignores unknown arguments."""
    with pytest.raises(DagflowInvalidConfigError, match=r"degree.*Did you mean 'degrees'"):
        kitchen.execute_in_process({"ops": {"boil": {"config": {"degree": 3}}}})


class Checked(Config):
    """A config class with a pydantic validator."""

    n: int = 2
    quiet: int | None = None

    @pydantic.field_validator("n", "quiet")
    @classmethod
    def is_even(cls, value: int) -> int:
        """Raise an error for an odd number; pydantic does not call this for defaults."""
        if value % 2:
            raise ValueError("must be even")
        return value


@op
def even(config: Checked) -> int:
    """Return a field of validated config."""
    return config.n


@job
def evens() -> None:
    """Run one op."""
    even()


def test_validators_run_with_the_step() -> None:
    """Validators run when the step starts, not when the run config is checked, and not for defaults."""
    given = {"ops": {"even": {"config": {"n": 3}}}}

    assert validate_run_config(evens, given)["ops"]["even"]["config"]["n"] == 3
    with pytest.raises(pydantic.ValidationError, match="must be even"):
        evens.execute_in_process(given)
    assert evens.execute_in_process().output_for_node("even") == 2


def test_config_of_direct_calls() -> None:
    """A direct call takes an object or a dict, by position, by name or in the context."""
    assert boil(Water(degrees=1)) == boil(config=Water(degrees=1)) == boil({"degrees": 1}) == 1
    assert boil(build_op_context(op_config={"degrees": 1})) == 1
    assert boil() == 96
    assert total([1, 2]) == 3
    assert say(build_op_context(), "x") == ("x", "x")
    assert say(build_op_context(config="x")) == ("x", "x")


def test_config_of_direct_calls_that_is_refused() -> None:
    """Config of a direct call that is missing, invalid or given twice is an error."""
    with pytest.raises(DagflowInvalidConfigError, match='"config" at the root'):
        total()
    with pytest.raises(DagflowInvalidConfigError, match="root:config:degrees"):
        boil({"degrees": "hot"})
    with pytest.raises(DagflowInvalidInvocationError, match="both context and kwargs: op 'boil'"):
        boil(build_op_context(config={"degrees": 1}), config=Water())


def test_variables_in_direct_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A direct call looks up environment variables."""
    from dagflow import EnvVar

    given = Water(degrees=EnvVar.int("DEGREES"))
    with pytest.raises(DagflowInvalidConfigError, match="DEGREES"):
        boil(given)
    monkeypatch.setenv("DEGREES", "7")
    assert boil(given) == 7


def test_an_object_in_a_direct_call_is_not_copied() -> None:
    """The op receives the same object, so that a test can pass an instance of a subclass."""

    class Hot(Water):
        @property
        def twice(self) -> int:
            return 2 * self.degrees

    def fn(config: Water) -> Any:
        return config

    hot = Hot()
    assert op(fn)(hot) is hot


def test_invalid_config_parameters() -> None:
    """A missing annotation, a schema in addition, a default object and another name are reported."""

    def bare(config) -> None: ...  # type: ignore[no-untyped-def]

    def classed(config: Water = Water()) -> None: ...  # noqa: B008

    def misnamed(settings: Water) -> None: ...

    with pytest.raises(DagflowInvalidPythonicConfigDefinitionError, match="'config' has no annotation"):
        op(bare)
    with pytest.raises(ParameterCheckError, match="both a 'config' parameter and a 'config_schema'"):
        op(config_schema=int)(boil.body.fn)
    with pytest.raises(CheckError, match="default value, which a Config class does not take"):
        op(classed)
    with pytest.warns(UserWarning, match=r"'settings' .*function 'misnamed'.*'config' instead"):
        op(misnamed)


def test_run_config_with_objects() -> None:
    """Config objects can replace dicts in a run config."""
    result = kitchen.execute_in_process(RunConfig(ops={"boil": Water(degrees=8)}))

    assert result.output_for_node("boil") == 8
    assert parse(Water.to_config_schema(), UNSET).value == {"degrees": 96, "source": "tap"}


class Roasts(Config):
    model_config = pydantic.ConfigDict(use_enum_values=True)

    roast: Roast = Roast.DARK
    more: list[Roast] = [Roast.LIGHT]
    maybe: Roast | None = None


class Choice(Config):
    mode: Literal["slow", "fast"] = "slow"
    roast: Roast = Roast.DARK
    modes: list[Literal["slow", "fast"]] = []
    port: int = pydantic.Field(default=2000, ge=1024)
    share: float = 0.5
    short: str = pydantic.Field(default="x", max_length=3)
    maybe: Literal["slow", "fast"] | None = None


@op
def show_roasts(config: Roasts) -> Any:
    return config


@op
def show_choice(config: Choice) -> Any:
    return config


@job
def roasting() -> None:
    show_roasts()


@job
def choosing() -> None:
    show_choice()


@pytest.mark.parametrize(
    "given",
    [
        {"ops": {"show_roasts": {"config": {"roast": "LIGHT", "more": ["DARK"], "maybe": "DARK"}}}},
        RunConfig({"show_roasts": Roasts(roast=Roast.LIGHT, more=[Roast.DARK], maybe=Roast.DARK)}),
        RunConfig({"show_roasts": Roasts(roast="LIGHT", more=["black"], maybe="black")}),
    ],
)
def test_use_enum_values(given: Any) -> None:
    """A Config class with `use_enum_values` receives values, from names in config and from objects."""
    config = roasting.execute_in_process(given).output_for_node("show_roasts")

    assert (config.roast, config.more, config.maybe) == ("pale", ["black"], "black")


@pytest.mark.parametrize(
    ("name", "variable", "content", "expected"),
    [
        ("mode", EnvVar("V"), "fast", "fast"),
        ("maybe", EnvVar("V"), "fast", "fast"),
        ("roast", EnvVar("V"), "LIGHT", Roast.LIGHT),
        ("modes", [EnvVar("V"), "slow"], "fast", ["fast", "slow"]),
        ("port", EnvVar.int("V"), "3000", 3000),
        ("port", EnvVar("V"), "3000", 3000),
        ("share", EnvVar("V"), "0.25", 0.25),
        ("short", EnvVar("V"), "abc", "abc"),
    ],
    ids=["literal", "optional", "enum", "list", "int", "str of int", "float", "constraint"],
)
def test_environment_variables_in_every_field(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: Any, content: str, expected: Any
) -> None:
    """An environment variable is accepted for every type, choice and constraint, and read in the run."""
    monkeypatch.setenv("V", content)
    given = RunConfig({"show_choice": Choice(**{name: variable})})

    assert getattr(choosing.execute_in_process(given).output_for_node("show_choice"), name) == expected


@pytest.mark.parametrize(("name", "choices"), [("mode", "'slow', 'fast'"), ("roast", "'LIGHT', 'DARK'")])
def test_an_unknown_choice_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, choices: str
) -> None:
    """An environment variable whose content is no choice is a config error with variable and choices."""
    monkeypatch.setenv("V", "quick")
    given = {"ops": {"show_choice": {"config": {name: {"env": "V"}}}}}

    with pytest.raises(DagflowInvalidConfigError, match=rf'config:{name} .*"V" is \'quick\'.*{choices}'):
        choosing.execute_in_process(given)
    with pytest.raises(DagflowInvalidConfigError, match=f"config:{name}:env"):
        choosing.execute_in_process({"ops": {"show_choice": {"config": {name: {"env": 3}}}}})


def test_invalid_values_beside_an_environment_variable() -> None:
    """A value without an environment variable is still validated by the constructor."""
    with pytest.raises(pydantic.ValidationError, match="port"):
        Choice(mode=EnvVar("V"), port=3)


def test_a_constraint_is_checked_after_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The content of an environment variable is validated when the step builds the object."""
    monkeypatch.setenv("V", "80")

    with pytest.raises(pydantic.ValidationError, match="greater than or equal to 1024"):
        choosing.execute_in_process(RunConfig({"show_choice": Choice(port=EnvVar.int("V"))}))
