"""Types: their annotations, the check of values, and loaders of values from config."""
# ruff: noqa: UP006, UP007, UP045 - the older spellings are types too

from __future__ import annotations

import collections
import functools
import json
import pathlib
import pickle
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dagflow
from dagflow.call import check_dagflow_type
from dagflow.config.parse import parse
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    DagflowInvariantViolationError,
    DagflowUnknownResourceError,
    ParameterCheckError,
)
from dagflow.events.user import Failure
from dagflow.types import kinds as dagflow_types
from dagflow.types.annotations import (
    Dict,
    List,
    Optional,
    Set,
    Tuple,
    make_python_type_usable_as_dagflow_type,
    resolve_annotation,
    resolve_type,
    usable_as_dagflow_type,
)
from dagflow.types.kinds import DagflowType, PythonObjectDagflowType, TypeCheck, TypeCheckContext
from dagflow.types.loaders import DagflowTypeLoader, DagflowTypeLoaderContext, dagflow_type_loader


class Cup:
    """A class of the user."""


class Row(typing.TypedDict):
    """A dict with known keys."""

    a: int


@typing.runtime_checkable
class Warm(typing.Protocol):
    """Something with a temperature."""

    degrees: int


class Cold(typing.Protocol):
    """A protocol without runtime checks."""

    degrees: int


T = typing.TypeVar("T")
CASES = [
    (int, "Int", [1, True], [1.0, "x", None]),
    (float, "Float", [1.0], [1, True]),
    (bool, "Bool", [True], [1]),
    (str, "String", ["x"], [1]),
    (Any, "Any", [1, None], []),
    (None, "Any", [1, None], []),
    (dagflow_types.Int, "Int", [1], ["x"]),
    (type(None), "Nothing", [None], [1]),
    (object, "object", [1], []),
    (list, "[Any]", [[1, "x"]], [(1,)]),
    (typing.List, "[Any]", [[1]], [1]),
    (typing.Sequence, "[Any]", [[1]], [1]),
    (typing.Mapping, "dict", [{}], [1]),
    (list[int], "[Int]", [[1], []], [[1, "x"], 3, (1,)]),
    (typing.List[int], "[Int]", [[1]], [["x"]]),
    (collections.abc.Sequence[int], "[Int]", [[1]], [(1,), ["x"], "ab"]),
    (list[list[int]], "[[Int]]", [[[1]]], [[["x"]]]),
    (list[typing.Optional[int]], "[Int?]", [[1, None]], [["x"]]),
    (list[Cup], "[Cup]", [[Cup()]], [[1]]),
    (dict, "dict", [{}], [3]),
    (dict[str, int], "Dict[String,Int]", [{"a": 1}], [{"a": "x"}, {1: 1}, 3]),
    (collections.abc.Mapping[str, int], "Dict[String,Int]", [{"a": 1}], [{"a": "x"}]),
    (dict[str, Any], "Dict[String,Any]", [{"a": object()}], [{1: 1}]),
    (tuple, "tuple", [(1,)], [[1]]),
    (tuple[int, str], "Tuple[Int,String]", [(1, "x")], [(1,), ("x", 1), [1, "x"]]),
    (set, "set", [{1}], [[1]]),
    (set[int], "Set[Int]", [{1}], [{"x"}, [1]]),
    (int | None, "Int?", [1, None], ["x"]),
    (typing.Optional[list[int]], "[Int]?", [[1], None], [["x"]]),
    (Cup, "Cup", [Cup()], [1]),
    (pathlib.Path, "Path", [pathlib.Path("/")], ["/"]),
    (Row, "Row", [{"a": 1}], [1]),
    (Warm, "Warm", [type("Tea", (), {"degrees": 3})()], [1]),
    (PythonObjectDagflowType((int, str), name="Mark"), "Mark", [1, "x"], [1.0]),
]


@pytest.mark.parametrize(
    ("annotation", "name", "good", "bad"), CASES, ids=[f"{case[1]}-{i}" for i, case in enumerate(CASES)]
)
def test_annotations_give_types(annotation: object, name: str, good: list[object], bad: list[object]) -> None:
    """An annotation gives a type with a name, which passes valid values and describes invalid ones."""
    dagflow_type = resolve_type(annotation, "input 'x'")

    assert dagflow_type.display_name == name
    assert [value for value in good if not dagflow_type.type_check(None, value).success] == []
    assert [value for value in bad if dagflow_type.type_check(None, value).success] == []
    assert all(dagflow_type.type_check(None, value).description for value in bad)


@pytest.mark.parametrize("annotation", ["Cup", 3, [int], typing.Optional, typing.List["Cup"], any])
@pytest.mark.parametrize("resolve", [resolve_type, resolve_annotation])
def test_unsupported_annotations(annotation: object, resolve: typing.Callable[..., DagflowType]) -> None:
    """An unsupported annotation is an error that names its owner."""
    with pytest.raises(DagflowInvalidDefinitionError, match="input 'x' of op 'brew'"):
        resolve(annotation, "input 'x' of op 'brew'")


def test_none_as_an_annotation_carries_no_value() -> None:
    """`-> None` gives the type Nothing, but In(None) gives the type Any."""
    assert resolve_annotation(None, "the output") is dagflow_types.Nothing
    assert resolve_type(None, "the output") is dagflow_types.Any


def test_a_passed_check_without_metadata_is_one_object() -> None:
    """All passed checks without metadata are the same object."""
    passed = [
        check_dagflow_type(dagflow_type, value)
        for dagflow_type, value in [(int, 1), (Any, 1), (Cup, Cup()), (list[int], [1])]
    ]

    assert all(outcome is dagflow_types.PASSED for outcome in passed)


@pytest.mark.parametrize("attribute", ["is_any", "is_nothing", "supports_fan_in"])
def test_flags_of_types(attribute: str) -> None:
    """Each type has the right flags; Any, Nothing and lists support several upstream outputs."""
    expected = {"is_any": ["Any"], "is_nothing": ["Nothing"], "supports_fan_in": ["Any", "Nothing", "[Int]"]}
    kinds = [dagflow_types.Any, dagflow_types.Nothing, dagflow_types.Int, resolve_type(list[int], "x")]

    assert [
        dagflow_type.display_name for dagflow_type in kinds if getattr(dagflow_type, attribute)
    ] == expected[attribute]


def test_only_builtin_scalars_are_checked_at_definition() -> None:
    """A user's check function does not run at definition time."""
    kinds = [dagflow_types.Int, resolve_type(Cup, "x"), DagflowType(lambda _, value: False, name="No")]

    assert [dagflow_type.checks_at_definition for dagflow_type in kinds] == [True, False, False]


@pytest.mark.parametrize(
    ("annotation", "nearest"),
    [
        (list[int], typing.List[int]),
        (dict[str, Cup], typing.Dict[str, Cup]),
        (tuple[int, str], typing.Tuple[int, str]),
        (set[int] | None, typing.Optional[typing.Set[int]]),
        (list[DagflowType(lambda context, value: True, name="Any thing")], typing.List[Any]),  # type: ignore[misc]
        (PythonObjectDagflowType((int, str)), typing.Union[int, str]),
        (Cup, Cup),
    ],
)  # fmt: skip
def test_types_have_an_annotation(annotation: object, nearest: object) -> None:
    """The most similar annotation is kept for I/O managers, in the spelling of `typing`."""
    assert resolve_type(annotation, "x").typing_type == nearest


@pytest.mark.parametrize(
    ("returned", "outcome"),
    [
        (True, TypeCheck(True)),
        (False, TypeCheck(False)),
        (TypeCheck(False, "too cold", {"degrees": 3}), TypeCheck(False, "too cold", {"degrees": 3})),
    ],
)
def test_a_check_function_returns_a_bool_or_a_type_check(returned: object, outcome: TypeCheck) -> None:
    """A bool and a TypeCheck are both valid results."""
    dagflow_type = DagflowType(lambda context, value: returned, name="Warm")  # type: ignore[arg-type, return-value]

    assert check_dagflow_type(dagflow_type, 1) == outcome


@pytest.mark.parametrize("returned", [None, 3, "yes"])
def test_another_result_of_a_check_function_is_an_error(returned: object) -> None:
    """A result that is neither a bool nor a TypeCheck is an error that names the type."""
    dagflow_type = DagflowType(lambda context, value: returned, name="Warm")  # type: ignore[arg-type, return-value]

    with pytest.raises(DagflowInvariantViolationError, match="'Warm'"):
        check_dagflow_type(dagflow_type, 1)


def test_errors_of_a_check_function_reach_the_caller() -> None:
    """The caller receives the error of the check function; only the engine wraps it."""
    dagflow_type = DagflowType(lambda context, value: 1 / 0 > 0, name="Warm")

    with pytest.raises(ZeroDivisionError):
        check_dagflow_type(dagflow_type, 1)


def test_a_check_function_sees_a_context() -> None:
    """Outside a run the context has a logger, and the error about a missing resource names it."""
    contexts = []
    dagflow_type = DagflowType(lambda context, value: contexts.append(context) is None, name="Warm")

    assert check_dagflow_type(dagflow_type, 1).success
    (context,) = contexts
    assert context.log.name == "dagflow"
    with pytest.raises(DagflowUnknownResourceError, match="'db'"):
        _ = context.resources.db


def test_a_context_builds_the_resources_of_its_type_once() -> None:
    """The resources are built on first access, for the keys that the type requires."""

    class Builder:
        asked: typing.ClassVar[list[frozenset[str]]] = []

        def build(self, required_resource_keys: frozenset[str]) -> str:
            self.asked.append(required_resource_keys)
            return "resources"

    dagflow_type = DagflowType(lambda context, value: True, name="Warm", required_resource_keys={"db"})
    context = TypeCheckContext("run", None, Builder(), dagflow_type)

    assert (context.run_id, context.resources, context.resources) == ("run", "resources", "resources")
    assert Builder.asked == [{"db"}]


def test_key_and_name_of_a_type() -> None:
    """A key or a name is enough; messages show the name, and the key identifies the type."""

    def check(context: object, value: object) -> bool:
        return True

    both, named, keyed = (
        DagflowType(check, "k", "n"),
        DagflowType(check, name="n"),
        DagflowType(check, key="k"),
    )

    assert [
        (dagflow_type.key, dagflow_type.display_name, dagflow_type.has_unique_name)
        for dagflow_type in (both, named, keyed)
    ] == [
        ("k", "n", True),
        ("n", "n", True),
        ("k", "k", False),
    ]
    assert both.unique_name == "n"
    with pytest.raises(CheckError, match="type 'k' has no 'unique_name'"):
        _ = keyed.unique_name
    with pytest.raises(CheckError, match="'key' or a 'name'"):
        DagflowType(check)


@pytest.mark.parametrize("function", [lambda: True, lambda value: True, lambda a, b, c: True])
def test_a_check_function_takes_two_arguments(function: Any) -> None:
    """A function with another number of arguments is an error at definition time."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'Warm' must take 2 arguments"):
        DagflowType(function, name="Warm")


def check(context: object, value: object) -> bool:
    """Return True for every value."""
    return True


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DagflowType(3, name="Warm"), "type_check_fn"),  # type: ignore[arg-type]
        (lambda: DagflowType(check, name=3), "'name'"),  # type: ignore[arg-type]
        (lambda: DagflowType(check, key=3), "'name'"),  # type: ignore[arg-type]
        (lambda: DagflowType(check, name="Warm", loader=3), "'loader' of type 'Warm'"),  # type: ignore[arg-type]
        (lambda: DagflowType(check, name="Warm", description=3), "'description'"),  # type: ignore[arg-type]
        (lambda: DagflowType(check, name="Warm", is_builtin=3), "'is_builtin'"),  # type: ignore[arg-type]
        (
            lambda: DagflowType(check, name="Warm", required_resource_keys="db"),
            "must be a set of strings, not 'db'",
        ),
        (lambda: DagflowType(check, name="Warm", required_resource_keys=[1]), "strings"),  # type: ignore[list-item]
        (lambda: PythonObjectDagflowType(3), "python_type"),  # type: ignore[arg-type]
        (lambda: PythonObjectDagflowType((int, "x")), "python_type"),  # type: ignore[arg-type]
        (lambda: PythonObjectDagflowType(int, name=3), "'name'"),  # type: ignore[arg-type]
        (lambda: PythonObjectDagflowType(int, key=3), "'key'"),  # type: ignore[arg-type]
        (lambda: usable_as_dagflow_type(check), "python_type"),  # type: ignore[type-var]
        (lambda: usable_as_dagflow_type(description=3)(type("New", (), {})), "'description'"),  # type: ignore[call-overload]
    ],
)
def test_wrong_arguments_of_a_type_are_refused(make: typing.Callable[[], object], message: str) -> None:
    """The check must be a function, the loader a loader, and so on; the message names the argument."""
    with pytest.raises(ParameterCheckError, match=message):
        make()


def test_metadata_of_a_type_are_metadata() -> None:
    """An unsupported metadata value is an error that names the type."""
    with pytest.raises(DagflowInvalidMetadata, match="'Warm'"):
        DagflowType(check, name="Warm", metadata={"a": object()})


def test_a_class_type_has_what_others_have() -> None:
    """The default name of a class type is the class, whatever its key; it may require resources."""
    dagflow_type = PythonObjectDagflowType(Cup, key="k", required_resource_keys={"db"}, metadata={"n": 1})

    assert (dagflow_type.key, dagflow_type.display_name, dagflow_type.unique_name) == ("k", "Cup", "Cup")
    assert (dagflow_type.required_resource_keys, dagflow_type.metadata["n"].value) == ({"db"}, 1)


def test_type_check_normalizes_its_metadata() -> None:
    """Metadata of a check is normalized, `success` must be a bool, and checks compare by content."""
    assert TypeCheck(True, metadata={"a": 1}).metadata["a"].value == 1
    assert TypeCheck(True) == TypeCheck(True)
    with pytest.raises(ParameterCheckError, match="success"):
        TypeCheck(3)  # type: ignore[arg-type]


def test_a_class_can_be_given_a_type() -> None:
    """The decorator sets name, description and loader of a class; subclasses do not inherit them."""

    @usable_as_dagflow_type(name="Drink", description="hot")
    class Tea: ...

    @usable_as_dagflow_type
    class Coffee: ...

    class Chai(Tea): ...

    assert (resolve_type(Tea, "x").display_name, resolve_type(Tea, "x").description) == ("Drink", "hot")
    assert [resolve_type(cls, "x").display_name for cls in (list[Tea], Coffee, Chai)] == [
        "[Drink]",
        "Coffee",
        "Chai",
    ]
    assert resolve_type(Tea, "x").type_check(None, Chai()).success


def test_a_class_has_one_type() -> None:
    """A second type, or a type for a class that was used already or is builtin, is an error."""
    dagflow_type = DagflowType(lambda context, value: value == 3, name="Three")
    other = DagflowType(lambda context, value: value == 4, name="Four")

    class Fresh: ...

    class Used: ...

    make_python_type_usable_as_dagflow_type(Fresh, dagflow_type)
    make_python_type_usable_as_dagflow_type(Fresh, dagflow_type)
    resolve_type(Used, "x")

    assert resolve_type(Fresh, "x") is dagflow_type
    for cls, message in ((Fresh, "'Three' already"), (Used, "before"), (int, "'Int' already")):
        with pytest.raises(DagflowInvalidDefinitionError, match=message):
            make_python_type_usable_as_dagflow_type(cls, other)


def test_exported_types_are_those_of_python() -> None:
    """The exported plain types are Python's own, so that they work as annotations and config schemas."""
    names = (dagflow.Int, dagflow.Float, dagflow.String, dagflow.Bool, dagflow.Any, dagflow.Nothing)

    assert names == (int, float, str, bool, Any, type(None))


THREE = DagflowType(lambda context, value: value == 3, name="Three")


@pytest.mark.parametrize(
    ("made", "same", "good", "bad"),
    [
        (List[THREE], "[Three]", [[3], []], [[4], 3]),
        (Set[THREE], "Set[Three]", [{3}], [{4}, [3]]),
        (Dict[str, THREE], "Dict[String,Three]", [{"a": 3}], [{"a": 4}, {3: 3}]),
        (Tuple[THREE, int], "Tuple[Three,Int]", [(3, 1)], [(4, 1), (3,)]),
        (Tuple[THREE], "Tuple[Three]", [(3,)], [(4,), (3, 3)]),
        (Optional[THREE], "Three?", [3, None], [4]),
        (Optional[List[int]], "[Int]?", [None, [1]], [["x"]]),
        (List, "[Any]", [[3, "x"]], [3]),
        (Dict, "dict", [{3: 4}], [3]),
        (Set, "set", [{3}], [3]),
        (Tuple, "tuple", [(3,)], [3]),
    ],
)
def test_brackets_take_types(made: object, same: str, good: list[object], bad: list[object]) -> None:
    """`List`, `Dict` and the like take a DagflowType in brackets, unlike `typing`."""
    dagflow_type = resolve_type(made, "x")

    assert dagflow_type.display_name == same
    assert [value for value in good if not check_dagflow_type(made, value).success] == []
    assert [value for value in bad if check_dagflow_type(made, value).success] == []


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: Dict[str], r"Dict\[...\] takes 2 types, not 1"),
        (lambda: List[int, str], r"List\[...\] takes 1 type, not 2"),
        (lambda: Tuple[..., int], r"the type inside Tuple\[...\]"),
        (lambda: Set["x"], r"the type inside Set\[...\]"),
        (lambda: resolve_type(Optional, "x"), "dagflow.Optional cannot be the type of x"),
    ],
)
def test_wrong_brackets_are_refused(write: typing.Callable[[], object], message: str) -> None:
    """A wrong number of types, or a value that is not a type, is an error that names the brackets."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        write()


def test_inner_types() -> None:
    """A list or optional type has its inner type, a dict the types of its keys and values."""
    made: Any = resolve_type(dict[str, list[int] | None], "x")

    assert (made.key_type, made.value_type.inner_type.inner_type) == (dagflow_types.String, dagflow_types.Int)


def test_types_that_check_the_same_are_equal() -> None:
    """Types from annotations are equal if they check the same; types that users create are not."""
    for annotation in (int, Cup, list[Cup], dict[str, list[int]], Cup | None):
        first, second = resolve_type(annotation, "x"), resolve_type(annotation, "x")
        assert (first, hash(first)) == (second, hash(second))
    marks = [PythonObjectDagflowType(Cup, name="Mark") for _ in range(2)]
    assert marks[0] != marks[1]
    assert resolve_type(list[int], "x") not in (resolve_type(set[int], "x"), resolve_type(list[str], "x"))


def test_a_failure_of_a_check_function_is_a_failed_check() -> None:
    """Outside a run, a Failure is a failed check; other errors reach the caller."""

    def refuse(context: object, value: object) -> bool:
        raise Failure("too cold", {"degrees": 3})

    outcome = check_dagflow_type(DagflowType(refuse, name="Warm"), 3)

    assert outcome == TypeCheck(False, "too cold", {"degrees": 3})


def test_a_list_and_an_optional_list_take_several_outputs() -> None:
    """An input with several upstream outputs may be a list or an optional list."""
    kinds = [
        resolve_type(dagflow_type, "x")
        for dagflow_type in (list[int], list[int] | None, Any, type(None), int, int | None)
    ]

    assert [dagflow_type.supports_fan_in for dagflow_type in kinds] == [True, True, True, True, False, False]


@pytest.fixture
def context() -> DagflowTypeLoaderContext:
    """Return a context for loaders."""
    return DagflowTypeLoaderContext(resources=None, log=lambda: None, run_id="run")


def loaded(annotation: object, config: object, context: DagflowTypeLoaderContext) -> Any:
    """Return the value of an input of that type, or the reasons of the mistakes in its config."""
    loader = resolve_type(annotation, "x").loader
    assert loader is not None
    parsed = parse(loader.config_type, config, path=("x",))
    if parsed.errors:
        return [(error.reason.value, error.path) for error in parsed.errors]
    return loader.construct_from_config_value(context, parsed.value)


@pytest.mark.parametrize(
    ("annotation", "config", "value"),
    [
        (int, 1, 1),
        (int, {"value": 1}, 1),
        (float, 1, 1.0),
        (bool, {"value": False}, False),
        (Any, {"value": None}, None),
        (list, [{"value": 1}], [1]),
        (list[int], [1, {"value": 2}], [1, 2]),
        (list[list[int]], [[1]], [[1]]),
        (set[int], [1, 1], {1}),
        (tuple[int, str], [{"value": 1}, "x"], (1, "x")),
        (tuple[int, str], [1], (1,)),
        (tuple[int, str], [1, "x", 2], (1, "x", 2)),
        (dict, {"value": {"a": 1}}, {"value": {"a": 1}}),
        (dict[str, int], {"a": 1, "b": {"value": 2}}, {"a": 1, "b": 2}),
        (int | None, None, None),
        (int | None, {"value": 1}, 1),
        (int, "x", [("RUNTIME_TYPE_MISMATCH", "root:x")]),
        (int, {"value": "x"}, [("RUNTIME_TYPE_MISMATCH", "root:x:value")]),
        (int, {"json": {}}, [("MISSING_REQUIRED_FIELD", "root:x:json")]),
        (int, {}, [("SELECTOR_FIELD_ERROR", "root:x")]),
        (Any, 1, [("RUNTIME_TYPE_MISMATCH", "root:x")]),
        (list, [1], [("RUNTIME_TYPE_MISMATCH", "root:x[0]")]),
        (list[int], {"value": [1]}, [("RUNTIME_TYPE_MISMATCH", "root:x")]),
    ],
)
def test_values_come_from_config(
    annotation: object, config: object, value: object, context: DagflowTypeLoaderContext
) -> None:
    """Scalars, containers and Any load values from config."""
    assert loaded(annotation, config, context) == value


class Typed(typing.NamedTuple):
    """An annotation, values of it, and the config for a value."""

    annotation: Any
    values: st.SearchStrategy[Any]
    config: typing.Callable[[Any], Any]


def _scalar(annotation: type, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Typed]:
    return st.sampled_from(
        [Typed(annotation, values, bare) for bare in (lambda v: v, lambda v: {"value": v})]
    )


SCALARS = st.one_of(
    _scalar(int, st.integers()),
    _scalar(bool, st.booleans()),
    _scalar(float, st.floats(allow_nan=False)),
    _scalar(str, st.text(max_size=3)),
)
TYPED = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        inner.map(
            lambda t: Typed(list[t.annotation], st.lists(t.values, max_size=3), lambda v: [*map(t.config, v)])
        ),
        SCALARS.map(
            lambda t: Typed(set[t.annotation], st.sets(t.values, max_size=3), lambda v: [*map(t.config, v)])
        ),
        inner.map(
            lambda t: Typed(
                Optional[t.annotation], st.none() | t.values, lambda v: v if v is None else t.config(v)
            )
        ),
        inner.map(
            lambda t: Typed(
                dict[str, t.annotation],
                st.dictionaries(st.text(max_size=2), t.values, max_size=3),
                lambda v: {key: t.config(item) for key, item in v.items()},
            )
        ),
        st.tuples(SCALARS, SCALARS).map(
            lambda two: Typed(
                tuple[two[0].annotation, two[1].annotation],
                st.tuples(two[0].values, two[1].values),
                lambda v: [two[0].config(v[0]), two[1].config(v[1])],
            )
        ),
    ),
    max_leaves=4,
)


@given(typed=TYPED, drawn=st.data())
def test_every_value_passes_its_type_and_comes_from_config(typed: Typed, drawn: st.DataObject) -> None:
    """Valid values pass the check and load from config; invalid values fail the check."""
    value = drawn.draw(typed.values)
    context = DagflowTypeLoaderContext(resources=None, log=None, run_id="run")

    assert check_dagflow_type(typed.annotation, value).success
    assert not check_dagflow_type(typed.annotation, Cup()).success
    assert check_dagflow_type(list[Any], [value]).success
    assert not check_dagflow_type(List[resolve_type(typed.annotation, "x")], [value, Cup()]).success
    assert loaded(typed.annotation, typed.config(value), context) == value


def test_values_come_from_files(tmp_path: pathlib.Path, context: DagflowTypeLoaderContext) -> None:
    """A JSON file contains the value under the key 'value', a pickle file the value itself."""
    good, bad, pickled = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "value.pkl"
    good.write_text(json.dumps({"value": 5}))
    bad.write_text(json.dumps(5))
    pickled.write_bytes(pickle.dumps({6}))

    assert loaded(int, {"json": {"path": str(good)}}, context) == 5
    assert loaded(Any, {"pickle": {"path": str(pickled)}}, context) == {6}
    with pytest.raises(ValueError, match="'value'"):
        loaded(int, {"json": {"path": str(bad)}}, context)


@pytest.mark.parametrize(
    "annotation", [Cup, object, set, tuple, list[Cup], dict[str, Cup], dict[Any, int], Cup | None, type(None)]
)
def test_types_without_a_loader(annotation: object) -> None:
    """Other classes, and containers of them, have no loader."""
    assert resolve_type(annotation, "x").loader is None


def test_a_function_can_load_a_type(context: DagflowTypeLoaderContext) -> None:
    """A decorated function loads values of its type, and of lists, dicts and optionals of it."""

    @dagflow_type_loader(config_schema={"n": int}, required_resource_keys={"db"})
    def load(context: DagflowTypeLoaderContext, config: dict[str, Any]) -> tuple[str, Any]:
        return context.run_id, config["n"]

    dagflow_type = DagflowType(lambda context, value: True, name="Loaded", loader=load)

    @usable_as_dagflow_type(loader=load)
    class Loaded: ...

    assert loaded(dagflow_type, {"n": 1}, context) == ("run", 1)
    assert loaded(dagflow_type, {}, context) == [("MISSING_REQUIRED_FIELD", "root:x")]
    assert loaded(list[Loaded], [{"n": 1}], context) == [("run", 1)]
    assert loaded(dict[str, Loaded], {"a": {"n": 1}}, context) == {"a": ("run", 1)}
    assert loaded(Loaded | None, {"n": 1}, context) == ("run", 1)
    for annotation in (Loaded, list[Loaded], dict[str, Loaded], tuple[int, Loaded], Loaded | None):
        loader = resolve_type(annotation, "x").loader
        assert loader is not None
        assert loader.required_resource_keys() == {"db"}


def test_a_loader_can_be_a_class(context: DagflowTypeLoaderContext) -> None:
    """A subclass may give its schema in any form that users write."""

    class Cups(DagflowTypeLoader):
        @property
        def schema_type(self) -> Any:
            return {"n": int}

        def construct_from_config_value(self, context: DagflowTypeLoaderContext, config_value: Any) -> Any:
            return ["cup"] * config_value["n"]

    dagflow_type = DagflowType(lambda context, value: True, name="Cups", loader=Cups())

    assert loaded(dagflow_type, {"n": 2}, context) == ["cup", "cup"]


@pytest.mark.parametrize(
    "function",
    [lambda config: config, lambda _: 1, lambda context: 1, lambda config, context: 1, lambda _, a, b: 1],
)
def test_a_loader_function_takes_a_context_and_the_config(function: Any) -> None:
    """A function with other parameters is an error at the decorator, which names function and location."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'<lambda>' \(.*test_kinds.py:\d+\).*'context'"):
        dagflow_type_loader(int)(function)


def test_a_loader_is_made_of_a_function() -> None:
    """Only functions can be decorated; further parameters may have defaults."""
    with pytest.raises(ParameterCheckError):
        dagflow_type_loader(int)(3)  # type: ignore[arg-type]
    for function in (lambda _, config, more=1: config, lambda context, *config: config[0]):
        loader = dagflow_type_loader(int)(function)
        assert loader.construct_from_config_value(None, 3) == 3  # type: ignore[arg-type]


class _NeedsThree:
    def __init__(self, context, value, extra):
        pass


@pytest.mark.parametrize(
    "fn", [_NeedsThree, lambda context: True, functools.partial(lambda c, v, *, extra: True)]
)
def test_a_check_function_that_cannot_be_called(fn):
    """A callable that cannot take a context and a value is refused by the name of the type."""
    with pytest.raises(DagflowInvalidDefinitionError, match="type 'Cup' must take 2 arguments"):
        DagflowType(fn, name="Cup")


def test_a_value_of_another_class_failed_type_check() -> None:
    """The description has the words "failed type check", which tests of users match, and both types."""

    class Bean:
        pass

    check = check_dagflow_type(Bean, 5)

    assert not check.success
    assert "'int' failed type check for type 'Bean'" in str(check.description)
