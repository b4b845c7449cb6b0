"""All exceptions of dagflow, and the functions that check public arguments.

    DagflowError
    ├── CheckError                                  a broken invariant, or an argument without a meaning
    │   ├── ParameterCheckError                     an argument of the wrong type
    │   └── ElementCheckError                       an element of an argument of the wrong type
    ├── DagflowInvalidDefinitionError               an invalid definition of a pipeline
    │   ├── MissingArgumentsError                   a decorator without its arguments (also a TypeError)
    │   └── DagflowAbsentError                      a name or argument of Dagster that dagflow does not have
    │                                               (also a TypeError)
    ├── DagflowInvalidInvocationError               an invalid call of a definition or context
    │   ├── DagflowInvalidCursorError               a cursor of something else (also a serialization
    │   │                                           error and a ValueError)
    │   └── DagflowMissingResourceError             a call without a required resource (also the class above,
    │                                               and a KeyError)
    ├── DagflowInvalidConfigError                   config that does not match its schema
    ├── DagflowInvalidConfigDefinitionError         an invalid schema
    ├── DagflowInvalidPythonicConfigDefinitionError an invalid Config annotation
    ├── DagflowInvalidSubsetError                   a selection that selects nothing, or cannot be parsed
    ├── DagflowInvariantViolationError              a rule that was broken at run time
    │   └── DagflowOutputAttributeError             an attribute of an output in the body of a graph (also an
    │                                               invalid definition and an AttributeError)
    ├── DagflowInvalidPropertyError                 an attribute that this context does not have
    ├── DagflowInvalidMetadata                      a metadata value of an unsupported type
    ├── DagflowSerializationError                   a value without JSON form, or damaged JSON
    ├── DagflowUnknownResourceError                 (also an AttributeError)
    ├── DagflowUnknownPartitionError                a partition key outside its definition (also a ValueError)
    ├── DagflowInvalidDeserializationVersionError    stored partitions in the form of another version
    ├── DagflowTypeCheckDidNotPass                  a value of the wrong type
    ├── DagflowStepOutputNotFoundError              a required output that is missing
    ├── DagflowMaxRetriesExceededError              retries used up
    ├── DagflowRunNotFoundError, DagflowRunAlreadyExists
    ├── DagflowHomeNotSetError
    ├── DagflowStorageError                         a storage that cannot be read or written
    ├── DagflowImportError                          a module of a job that cannot be imported
    ├── DagflowUnmetExecutorRequirementsError       a missing requirement of an executor
    ├── DagflowStepTimeoutError                     a step that exceeded its time limit
    ├── DagflowSubprocessError                      worker processes that died
    ├── DagflowPipesExecutionError                  an external process that failed, or its messages
    ├── DagflowExecutionStepNotFoundError           selected steps that the plan does not have
    └── DagflowUserCodeExecutionError               user code raised; has the user's exception
        ├── DagflowExecutionStepExecutionError      the body of an op
        ├── DagflowExecutionLoadInputError          load_input of an I/O manager
        ├── DagflowExecutionHandleOutputError       handle_output of an I/O manager
        ├── DagflowResourceFunctionError            a resource; raised to the caller
        ├── DagflowConfigMappingFunctionError       a config mapping or a configured function
        ├── DagflowTypeCheckError                   a type check function
        ├── DagflowTypeLoadingError                 a type loader
        ├── ScheduleExecutionError                  a function of a schedule
        └── HookExecutionError                      a hook

`Failure` and `RetryRequested`, which users raise, are not subclasses: see `dagflow.events.user`. The section
`Exceptions` of the execution API specifies class, attributes and occasion of each.
"""

from __future__ import annotations

from collections.abc import Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
_T = TypeVar("_T")
_LONGEST = 2_000  # characters of a value in a message


class Restorable:
    """The base of exceptions that can be copied and pickled, whatever the parameters of their constructor.

    A copy has the arguments and attributes of the original. Its constructor is not called again. If an
    attribute cannot be pickled, its string is pickled instead, because a process pool stops otherwise.

    Example:
        >>> import copy
        >>> class NoBeans(Restorable, Exception):
        ...     def __init__(self, grams, cup):
        ...         super().__init__(f"no {grams} g for {cup}")
        >>> copy.copy(NoBeans(18, "mocha"))
        NoBeans('no 18 g for mocha')
    """

    args: tuple[Any, ...]

    def __copy__(self) -> Any:
        origin: Any = self
        copy = _restored(type(self), self.args)
        copy.__dict__.update(self.__dict__)
        copy.__cause__, copy.__context__ = origin.__cause__, origin.__context__
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: _for_pickle(value) for name, value in self.__dict__.items()}
        return _restored, (type(self), tuple(map(_for_pickle, self.args))), state


def _restored(cls: type[Any], arguments: tuple[Any, ...]) -> Any:
    return cls.__new__(cls, *arguments)


def _for_pickle(value: Any) -> Any:
    """Return the value, or an object with its text, if it cannot be pickled and come back."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    import pickle  # imported lazily: few programs pickle an error

    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # a `__reduce__` and a constructor may raise anything
        text = f"{type(value).__name__}: {value}"
        return Exception(text) if isinstance(value, BaseException) else text
    return value


class DagflowError(Restorable, Exception):
    """The base of all errors of dagflow.

    `is_user_code_error` is true if user code raised, and not dagflow.
    """

    is_user_code_error = False


class CheckError(DagflowError):
    """A broken invariant, or an argument without a meaning."""


class ParameterCheckError(CheckError):
    """An argument of the wrong type."""


class ElementCheckError(CheckError):
    """An element of an argument (of a list, of a mapping) of the wrong type."""


class DagflowInvalidDefinitionError(DagflowError):
    """Invalid names, wiring, schemas, tags or resources of a definition."""


class MissingArgumentsError(DagflowInvalidDefinitionError, TypeError):
    """A use of a decorator that needs arguments without them."""


class DagflowAbsentError(DagflowInvalidDefinitionError, TypeError):
    """A use of a name or argument of Dagster that dagflow does not have."""


class DagflowInvalidInvocationError(DagflowError):
    """An invalid call of a definition, a context or a builder."""


class DagflowMissingResourceError(DagflowInvalidInvocationError, DagflowInvalidDefinitionError, KeyError):
    """A direct call of a function without a resource that is one of its parameters."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError shows the repr of its message


class DagflowInvalidConfigError(DagflowError):
    """Config that does not match its schema.

    Args:
        preamble: The first line of the message. It names the purpose of the config.
        errors: All errors found, each with `reason`, `stack`, `error_data` and `message`.
        config_value: The invalid value.
    """

    def __init__(self, preamble: str, errors: Sequence[Any], config_value: object) -> None:
        self.errors: list[Any] = list(errors)
        self.config_value = config_value
        self.error_messages: list[Any] = [error.message for error in self.errors]
        lines = [preamble]
        for number, message in enumerate(self.error_messages, 1):
            lines.append(f"    Error {number}: " + message.replace("\n", "\n    "))
        self.message: str = "\n".join(lines)
        super().__init__(self.message)


class DagflowInvalidConfigDefinitionError(DagflowError):
    """A value that cannot be used as a config schema.

    Args:
        original_root: The schema as it was given.
        current_value: The invalid part of it.
        stack: The keys that lead from `original_root` to `current_value`.
        reason: The reason, in a sentence.
        what: The definition with the schema.
    """

    def __init__(
        self,
        original_root: object,
        current_value: object,
        stack: Sequence[object],
        reason: str | None = None,
        what: str = "",
    ) -> None:
        self.original_root = original_root
        self.current_value = current_value
        self.stack: list[object] = list(stack)
        self.reason = reason
        names = [name if type(name) is str else repr_of(name) for name in self.stack]
        place = f" Error at stack path :{':'.join(names)}." if names else ""
        super().__init__(
            f"Error defining config. Original value passed: {repr_of(original_root)}.{place} "
            f"{repr_of(current_value)} cannot be resolved.{f' Reason: {reason}' if reason else ''} A config "
            "schema is one of int, float, bool, str, list, dict, a dict of schemas, a list of one schema, a "
            "config type such as Noneable(int), or a Field."
            f"{f' This is the schema of {what}.' if what else ''}"
        )


class CircularDependencyError(DagflowInvalidDefinitionError, ValueError):
    """Assets that depend on each other in a cycle."""


class DagflowInvalidPythonicConfigDefinitionError(DagflowError):
    """A `config` parameter whose annotation is not a Config class, primitive or dict."""


class DagflowInvalidSubsetError(DagflowError):
    """A selection of ops or assets that cannot be parsed, or matches nothing."""


class DagflowInvalidAssetSelectionError(DagflowError):
    """A selection string of assets that cannot be parsed."""


class DagflowInvariantViolationError(DagflowError):
    """A broken rule that can only be checked at run time."""


class DagflowOutputAttributeError(
    DagflowInvariantViolationError, DagflowInvalidDefinitionError, AttributeError
):
    """A read of an attribute of an output in the body of a graph, where the value does not exist yet."""


class DagflowInvalidPropertyError(DagflowError):
    """An attribute that this context does not have."""


class DagflowInvalidMetadata(DagflowError):
    """A metadata value of an unsupported type."""


class DagflowSerializationError(DagflowError):
    """A value that cannot be converted to JSON, or stored JSON that is damaged or of another version."""


class DagflowInvalidCursorError(DagflowInvalidInvocationError, DagflowSerializationError, ValueError):
    """A cursor that no earlier tick of the same sensor, or evaluation of conditions, returned."""


def invalid_cursor(cursor: object, owner: str, source: str = "tick") -> DagflowInvalidCursorError:
    """Return the error about a cursor of something else.

    Args:
        cursor: The cursor.
        owner: The sensor or the function that received it, for the message.
        source: The call that returns cursors of the right form.
    """
    return DagflowInvalidCursorError(
        f"{owner} received {repr_of(cursor):.200}, which is not one of its cursors: give the 'cursor' of an "
        f"earlier {source}, or None"
    )


class DagflowInvalidObservationError(DagflowError):
    """An observation function that did not return a data version."""


class DagflowInvalidAssetKey(DagflowError):
    """A value that cannot be an asset key."""


class DagflowUnknownResourceError(DagflowError, AttributeError):
    """A resource that the context does not have. `resource_name` is its key."""

    def __init__(self, resource_name: str, message: str | None = None) -> None:
        self.resource_name = resource_name
        super().__init__(
            message
            or f"unknown resource '{resource_name}': name it in required_resource_keys of the definition "
            "that reads it, and provide it to the job or run"
        )


class DagflowUnknownPartitionError(DagflowError, ValueError):
    """A partition key that its partitions definition does not have."""


class DagflowInvalidDeserializationVersionError(DagflowError):
    """A stored subset of partitions in the form of another version."""


class DagflowTypeCheckDidNotPass(DagflowError):
    """A value that did not pass the check of its type.

    Attributes: `description` (the whole message), `metadata` (of the type check), `dagflow_type`.
    """

    def __init__(
        self, description: str, metadata: dict[str, Any] | None = None, dagflow_type: Any = None
    ) -> None:
        self.description = description
        self.metadata: dict[str, Any] = metadata or {}
        self.dagflow_type = dagflow_type
        super().__init__(description)


class DagflowStepOutputNotFoundError(DagflowError):
    """A step that ended without one of its required outputs."""

    def __init__(self, message: str, *, step_key: str, output_name: str) -> None:
        self.step_key = step_key
        self.output_name = output_name
        super().__init__(message)


class DagflowExecutionStepNotFoundError(DagflowError):
    """Selected steps that the plan does not have. `step_keys` are their keys."""

    def __init__(self, message: str, *, step_keys: Sequence[str]) -> None:
        self.step_keys: list[str] = list(step_keys)
        super().__init__(message)


class DagflowRunNotFoundError(DagflowError):
    """A run id that is unknown to the instance."""

    def __init__(self, message: str, *, invalid_run_id: str) -> None:
        self.invalid_run_id = invalid_run_id
        super().__init__(message)


class DagflowRunAlreadyExists(DagflowError):
    """A run id that already exists in the instance."""


class DagflowMaxRetriesExceededError(DagflowError):
    """A step that failed and has no retries left. `user_code_process_error_infos` has the last error."""

    def __init__(self, message: str, *, user_code_process_error_infos: Sequence[Any] = ()) -> None:
        self.user_code_process_error_infos: list[Any] = list(user_code_process_error_infos)
        super().__init__(message)


class DagflowUnmetExecutorRequirementsError(DagflowError):
    """A missing requirement of an executor: a stored instance, or a stored I/O manager."""


class DagflowSubprocessError(DagflowError):
    """A worker process that died. `subprocess_error_infos` has its errors."""

    def __init__(self, message: str, *, subprocess_error_infos: Sequence[Any] = ()) -> None:
        self.subprocess_error_infos: list[Any] = list(subprocess_error_infos)
        super().__init__(message)


class DagflowPipesExecutionError(DagflowError):
    """An external process that failed, or that sent a message that cannot be used."""


class ChildProcessCrashException(Restorable, Exception):
    """The recorded error of a step whose process ended without a result. It is never raised.

    Attributes: `pid`, and `exit_code` (negative: the number of the signal).
    """

    def __init__(self, message: str, *, pid: int | None = None, exit_code: int | None = None) -> None:
        self.pid = pid
        self.exit_code = exit_code
        super().__init__(message)


class DagflowStepTimeoutError(DagflowError):
    """A step that exceeded its tag `dagflow/step_timeout`, so that its process was ended."""


class DagflowHomeNotSetError(DagflowError):
    """A call of `DagflowInstance.get()` while `DAGFLOW_HOME` is not set."""


class DagflowStorageError(DagflowError):
    """The storage of an instance, a file or database, that cannot be read or written."""


class DagflowImportError(DagflowError):
    """A module named by a definition that cannot be imported."""


class DagflowAssetCheckFailedError(DagflowError):
    """A blocking asset check that failed."""


class DagflowUserCodeExecutionError(DagflowError):
    """The wrapper of an exception that user code raised.

    Attributes: `user_exception`, and `original_exc_info`.
    """

    is_user_code_error = True

    def __init__(self, message: str, *, user_exception: BaseException) -> None:
        self.user_exception = user_exception
        super().__init__(message)

    @property
    def original_exc_info(self) -> _ExcInfo:
        """The class, the exception and the traceback of the user's exception."""
        error = self.user_exception
        return type(error), error, error.__traceback__

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        self.__dict__.update(state or {})
        self.__cause__ = self.user_exception


class DagflowExecutionStepExecutionError(DagflowUserCodeExecutionError):
    """The body of an op raised. Recorded in STEP_FAILURE; the caller gets the user's exception."""

    def __init__(
        self, message: str, *, user_exception: BaseException, step_key: str, op_name: str, op_def_name: str
    ) -> None:
        self.step_key = step_key
        self.op_name = op_name
        self.op_def_name = op_def_name
        super().__init__(message, user_exception=user_exception)


class DagflowExecutionLoadInputError(DagflowUserCodeExecutionError):
    """`load_input` of an I/O manager raised."""

    def __init__(
        self, message: str, *, user_exception: BaseException, step_key: str, input_name: str
    ) -> None:
        self.step_key = step_key
        self.input_name = input_name
        super().__init__(message, user_exception=user_exception)


class DagflowExecutionHandleOutputError(DagflowUserCodeExecutionError):
    """`handle_output` of an I/O manager raised."""

    def __init__(
        self, message: str, *, user_exception: BaseException, step_key: str, output_name: str
    ) -> None:
        self.step_key = step_key
        self.output_name = output_name
        super().__init__(message, user_exception=user_exception)


class DagflowResourceFunctionError(DagflowUserCodeExecutionError):
    """A resource could not be started; `__cause__` is the user's exception."""


class DagflowConfigMappingFunctionError(DagflowUserCodeExecutionError):
    """A config mapping, or the function of a configured definition, raised."""


class DagflowTypeCheckError(DagflowUserCodeExecutionError):
    """A type check function raised."""


class DagflowTypeLoadingError(DagflowUserCodeExecutionError):
    """A type loader raised."""


class ScheduleExecutionError(DagflowUserCodeExecutionError):
    """A function of a schedule raised; `__cause__` is its exception."""


class HookExecutionError(DagflowUserCodeExecutionError):
    """A hook raised. It never fails the run."""


class DagflowExecutionInterruptedError(Restorable, BaseException):
    """A step was interrupted from outside."""

    def __init__(self, message: str = "interrupted from outside") -> None:
        super().__init__(message)


def repr_of(value: object) -> str:
    """Return the repr of a value of user code for a message. It never raises, and long text is cut.

    Example:
        >>> class Broken:
        ...     def __repr__(self):
        ...         raise ValueError
        >>> repr_of(1), repr_of(Broken())
        ('1', "<a 'Broken', whose repr raises ValueError>")
    """
    try:
        text = repr(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    except RecursionError:
        import reprlib  # imported lazily: few values are nested that deep

        return reprlib.repr(value)
    except Exception as error:  # as the ValueError of an int with too many digits
        return f"<a '{type(value).__name__}', whose repr raises {type(error).__name__}>"


def text_of(error: BaseException) -> str:
    """Return the class and the message of an error of user code for a message. It never raises.

    Example:
        >>> text_of(KeyError("beans"))
        "KeyError: 'beans'"
    """
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as broken:
        return f"{type(error).__name__} (its message raises {type(broken).__name__})"


def check_texts(of: str, **arguments: object) -> None:
    """Check that arguments are strings or None.

    Args:
        of: The owner of the parameters, for the message ("op 'brew'").
        **arguments: The arguments by parameter name. None means not given.

    Raises:
        ParameterCheckError: An argument is not a string.
    """
    for name, value in arguments.items():
        if value is not None and not issubclass(type(value), str):
            check_type(value, str, name, of)


def check_optional(
    value: object, expected: type[_T] | tuple[type[Any], ...], name: str, of: str = ""
) -> _T | None:
    """Return `value` if it is an `expected` or None. Parameters and errors as in `check_type`."""
    return None if value is None else check_type(value, expected, name, of)


def check_type(value: object, expected: type[_T] | tuple[type[Any], ...], name: str, of: str = "") -> _T:
    """Return `value` if it is an instance of `expected`.

    Args:
        value: The argument.
        expected: A class or a tuple of classes.
        name: The name of the parameter, for the message.
        of: The owner of the parameter ("op 'brew'"), if the message needs it.

    Raises:
        ParameterCheckError: The value is of another class.

    Example:
        >>> check_type("a", str, "name")
        'a'
    """
    if not isinstance(value, expected) or (expected is str and not issubclass(type(value), str)):
        classes = expected if isinstance(expected, tuple) else (expected,)
        wanted = " or ".join(f"'{cls.__name__}'" for cls in classes)
        raise ParameterCheckError(
            f"parameter '{name}'{of and ' of '}{of} must be of type {wanted}, not {repr_of(value)} of type "
            f"'{type(value).__name__}'"
        )
    return value


def check_elements(values: Any, expected: type[_T], name: str, of: str = "") -> list[_T]:
    """Return the elements of a list, a tuple or a set as a list, if all are instances of `expected`.

    Args:
        values: The argument.
        expected: A class.
        name: The name of the parameter, for the message.
        of: The owner of the parameter ("op 'brew'"), if the message needs it.

    Raises:
        ParameterCheckError: The argument is not a collection, or is a string.
        ElementCheckError: An element is of another class.

    Example:
        >>> check_elements(("a", "b"), str, "names")
        ['a', 'b']
    """
    if isinstance(values, str) or not isinstance(values, Collection):
        check_type(values, list, name, of)
    for position, element in enumerate(values, 1):
        if not isinstance(element, expected) or (expected is str and not issubclass(type(element), str)):
            raise ElementCheckError(
                f"parameter '{name}'{of and ' of '}{of} must hold values of type '{expected.__name__}' only, "
                f"but number {position} is {repr_of(element)} of type '{type(element).__name__}'"
            )
    return list(values)
