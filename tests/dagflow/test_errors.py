"""The exceptions: their tree, their attributes, and the checks of arguments."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from dagflow import errors
from dagflow.config.parse import parse
from dagflow.config.scalar import Int
from dagflow.events.user import Failure, RetryRequested, RetryRequestedFromPolicy
from pytest_dagflow.sequence.functions import UnknownFunction

EXCEPTIONS = {
    name: cls
    for name, cls in vars(errors).items()
    if inspect.isclass(cls) and issubclass(cls, BaseException) and cls.__module__ == errors.__name__
}
WRAPPERS = [
    errors.DagflowResourceFunctionError,
    errors.DagflowConfigMappingFunctionError,
    errors.DagflowTypeCheckError,
    errors.DagflowTypeLoadingError,
    errors.HookExecutionError,
]


def test_one_clause_catches_them_all() -> None:
    """All errors are a DagflowError, except the interrupt, which `except Exception` does not catch, and the
    record of a crash, which is never raised.
    """
    others = {name for name, cls in EXCEPTIONS.items() if not issubclass(cls, errors.DagflowError)}

    assert others == {"DagflowExecutionInterruptedError", "ChildProcessCrashException"}
    assert not issubclass(errors.DagflowExecutionInterruptedError, Exception)


def test_the_picture_shows_what_is_there() -> None:
    """Each name in the tree of the module docstring is a class of the module."""
    drawn = set(re.findall(r"\b(?:Dagflow\w+|\w*CheckError|HookExecutionError)\b", errors.__doc__ or ""))
    assert drawn <= set(EXCEPTIONS)
    assert len(drawn) > 25


@pytest.mark.parametrize("cls", WRAPPERS)
def test_a_wrapper_keeps_the_users_error(cls: type[errors.DagflowUserCodeExecutionError]) -> None:
    """A wrapper has the user's exception with its traceback."""
    with pytest.raises(ValueError, match="theirs") as raised:
        raise ValueError("theirs")
    wrapped = cls("ours", user_exception=raised.value)

    assert wrapped.user_exception is raised.value
    assert wrapped.original_exc_info == (ValueError, raised.value, raised.value.__traceback__)
    assert wrapped.is_user_code_error
    assert str(wrapped) == "ours"


def test_step_wrappers_say_where() -> None:
    """Step wrappers have step, op, input or output as attributes."""
    theirs = ValueError()
    body = errors.DagflowExecutionStepExecutionError(
        "m", user_exception=theirs, step_key="g.brew_2", op_name="brew_2", op_def_name="brew"
    )
    load = errors.DagflowExecutionLoadInputError("m", user_exception=theirs, step_key="s", input_name="n")
    store = errors.DagflowExecutionHandleOutputError(
        "m", user_exception=theirs, step_key="s", output_name="n"
    )

    assert (body.step_key, body.op_name, body.op_def_name) == ("g.brew_2", "brew_2", "brew")
    assert (load.step_key, load.input_name) == (store.step_key, store.output_name) == ("s", "n")


@pytest.mark.parametrize(
    ("error", "attributes"),
    [
        (
            errors.DagflowStepOutputNotFoundError("m", step_key="s", output_name="o"),
            ("step_key", "output_name"),
        ),
        (errors.DagflowExecutionStepNotFoundError("m", step_keys=("s",)), ("step_keys",)),
        (errors.DagflowRunNotFoundError("m", invalid_run_id="r"), ("invalid_run_id",)),
        (errors.DagflowMaxRetriesExceededError("m"), ("user_code_process_error_infos",)),
        (errors.DagflowSubprocessError("m"), ("subprocess_error_infos",)),
        (errors.DagflowTypeCheckDidNotPass("m"), ("description", "metadata", "dagflow_type")),
    ],
)
def test_the_attributes_of_the_specification(error: Exception, attributes: tuple[str, ...]) -> None:
    """The exceptions have the specified attributes, and the message is a plain string."""
    assert all(hasattr(error, name) for name in attributes)
    assert str(error) == "m"
    assert not getattr(error, "is_user_code_error", False)


def test_an_unknown_resource_is_an_attribute_error() -> None:
    """`hasattr(context.resources, name)` works. The error has the name and a default or given message."""
    error = errors.DagflowUnknownResourceError("db")

    assert isinstance(error, AttributeError)
    assert error.resource_name == "db"
    assert "'db'" in str(error)
    assert str(errors.DagflowUnknownResourceError("db", "m")) == "m"


def test_a_config_error_lists_all_errors() -> None:
    """The message is a preamble, then a numbered and indented entry for each error."""
    found = parse(Int, "a").errors + parse(Int, None).errors
    error = errors.DagflowInvalidConfigError("Error in config for job 'j'", found, {"a": 1})

    assert error.message == str(error)
    assert error.errors == list(found)
    assert error.config_value == {"a": 1}
    lines = error.message.splitlines()
    assert lines[0] == "Error in config for job 'j'"
    assert lines[1].startswith("    Error 1: ")
    assert any(line.startswith("    Error 2: ") for line in lines)
    assert error.error_messages == [part.message for part in found]


class NoBeans(Exception):
    """An exception of the user that no copy can be made of: its message is not its argument."""

    def __init__(self, grams: int, cup: str) -> None:
        super().__init__(f"no {grams} g for {cup}")


class Spilt(errors.DagflowError):
    """An error of the user below one of dagflow, with parameters of its own."""

    def __init__(self, cup: str, *, at: str) -> None:
        self.at = at
        super().__init__(f"{cup} spilt at {at}")


def example_of(cls: type[BaseException]) -> BaseException:
    """Return an error of this class, with a value for each parameter of its constructor."""
    values: dict[str, Any] = {
        "config_value": {"a": 1},
        "errors": parse(Int, "a").errors,
        "exit_code": -9,
        "metadata": {"rows": 3},
        "step_keys": ["a", "b"],
        "stack": ["ops", "a"],
        "user_exception": ValueError("theirs"),
    }
    if not inspect.isfunction(cls.__init__):
        return cls("the message")
    given = inspect.signature(cls).parameters.values()
    positional = [
        values.get(parameter.name, f"the {parameter.name}")
        for parameter in given
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    named = {
        parameter.name: values.get(parameter.name, f"the {parameter.name}")
        for parameter in given
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    return cls(*positional, **named)


RESTORED: list[BaseException] = [
    *map(example_of, EXCEPTIONS.values()),
    Spilt("mocha", at="noon"),
    UnknownFunction("the message"),
    Failure("spilt", {"rows": 3}, allow_retries=False),
    RetryRequested(3, 1.5),
    RetryRequestedFromPolicy(2, 0.5),
]
WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {number}": lambda value, number=number: pickle.loads(pickle.dumps(value, number))
        for number in (2, 5)
    },
}


def described(value: Any) -> Any:
    """Return what distinguishes a value, for a comparison; exceptions have no equality of their own."""
    if isinstance(value, BaseException):
        return type(value), str(value), described(value.args), described(vars(value))
    if isinstance(value, dict):
        return {name: described(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(part) for part in value]
    return repr(value)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", RESTORED, ids=lambda error: type(error).__name__)
def test_every_error_comes_back_equal(error: BaseException, way: str) -> None:
    """A copy of an error, and an error out of another process, has the class, text and attributes."""
    assert described(WAYS[way](error)) == described(error)


def test_a_wrapper_out_of_another_process_has_its_cause() -> None:
    """The user's exception is the cause of a wrapper again, as it was before pickling."""
    theirs = ValueError("theirs")
    back = pickle.loads(pickle.dumps(errors.DagflowResourceFunctionError("ours", user_exception=theirs)))

    assert back.__cause__ is back.user_exception
    assert back.original_exc_info == (ValueError, back.user_exception, None)


def test_a_note_comes_back() -> None:
    """A note that was added to an error is part of its copies."""
    error = Failure("spilt")
    error.__notes__ = ["in the kitchen"]  # type: ignore[attr-defined]  # add_note exists since 3.11

    assert pickle.loads(pickle.dumps(error)).__notes__ == ["in the kitchen"]


@pytest.mark.parametrize("theirs", [NoBeans(18, "mocha"), ValueError(threading.Lock())])
def test_an_error_with_an_attribute_that_cannot_be_pickled(theirs: Exception) -> None:
    """The text of the attribute comes back instead, so that the error of the user is still known."""
    error = errors.DagflowResourceFunctionError("ours", user_exception=theirs)
    back = pickle.loads(pickle.dumps(error))

    assert (type(back), str(back)) == (errors.DagflowResourceFunctionError, "ours")
    assert str(back.user_exception) == f"{type(theirs).__name__}: {theirs}"
    assert copy.copy(error).user_exception is theirs


def test_a_schema_error_says_the_way_to_it() -> None:
    """The message has the whole schema, the invalid part and the keys that lead to it."""
    schema = {"a": {"b": object}}
    deep = errors.DagflowInvalidConfigDefinitionError(schema, object, ["a", "b"])
    flat = errors.DagflowInvalidConfigDefinitionError(object, object, [], "No.")

    assert (deep.original_root, deep.current_value, deep.stack) == (schema, object, ["a", "b"])
    assert str(deep).startswith(
        "Error defining config. Original value passed: {'a': {'b': <class 'object'>}}. "
        "Error at stack path :a:b. "
        "<class 'object'> cannot be resolved."
    )
    assert "<class 'object'> cannot be resolved. Reason: No." in str(flat)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5, str, "name"), r"parameter 'name' must be of type 'str', not 5 of type 'int'"),
        ((5, (str, list), "name"), r"must be of type 'str' or 'list', not 5"),
        ((5, str, "ins", "op 'brew'"), r"parameter 'ins' of op 'brew' must be of type 'str'"),
    ],
)
def test_a_wrong_argument(arguments: tuple[object, ...], message: str) -> None:
    """The error has the parameter, its owner, the expected type and the value."""
    with pytest.raises(errors.ParameterCheckError, match=message):
        errors.check_type(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [["a", "b"], ("a", "b"), {"a": 1, "b": 2}.keys()])
def test_elements_of_one_kind(values: object) -> None:
    """Valid elements are returned as a list."""
    assert errors.check_elements(values, str, "names") == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ("ab", errors.ParameterCheckError),
        (None, errors.ParameterCheckError),
        (["a", 3], errors.ElementCheckError),
    ],
)
def test_elements_of_another_kind(values: object, kind: type[Exception]) -> None:
    """The error names the parameter. A string is not a list of strings."""
    with pytest.raises(kind, match="'names'"):
        errors.check_elements(values, str, "names")


class _Unshowable:
    def __repr__(self) -> str:
        raise LookupError("no text")


@pytest.mark.parametrize("value", [_Unshowable(), [_Unshowable()], 10**5000], ids=type)
def test_a_value_without_a_repr_in_a_message(value):
    """A message about a value that cannot be shown names its class and its location."""
    with pytest.raises(errors.ParameterCheckError, match=r"'name' of op 'brew' must .* not <a '"):
        errors.check_type(value, str, "name", "op 'brew'")


def test_a_long_value_in_a_message():
    """A message shows the beginning of a value with a long repr."""
    text = errors.repr_of(["beans"] * 100_000)

    assert text.startswith("['beans', 'beans'")
    assert len(text) < 3_000
