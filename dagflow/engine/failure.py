"""The end of a failed attempt: the step is retried or fails, and the caller may get an exception."""

from __future__ import annotations

from dagflow.engine.outcome import Failed, Retry, is_exit
from dagflow.engine.run_state import RunState
from dagflow.errors import (
    DagflowConfigMappingFunctionError,
    DagflowInvalidMetadata,
    DagflowMaxRetriesExceededError,
    DagflowResourceFunctionError,
    DagflowUserCodeExecutionError,
)
from dagflow.events.data import ErrorSource, StepFailureData, StepRetryData, UserFailureData
from dagflow.events.error_info import SerializableErrorInfo, own_error, user_exception
from dagflow.events.types import CODE, DagflowEventType
from dagflow.events.user import Failure, RetryRequested, RetryRequestedFromPolicy
from dagflow.metadata.value import MetadataValue
from dagflow.plan.step import Step

_UP_FOR_RETRY = CODE[DagflowEventType.STEP_UP_FOR_RETRY]
_STEP_FAILURE = CODE[DagflowEventType.STEP_FAILURE]
_OF_ANOTHER_RUN = (DagflowResourceFunctionError, DagflowConfigMappingFunctionError)
# a step raises these only for a run that its body started, so the caller gets them as they are


def end_failed_attempt(state: RunState, step: Step, number: int, error: BaseException) -> Failed | Retry:
    """Append the event of a failed attempt, and return whether the step fails or is retried."""
    user = error if isinstance(error, _OF_ANOTHER_RUN) else user_exception(error)
    request = _retry_request(state, step, number, error, user)
    if request is None:
        return _failure(state, step, number, error, user)
    if not state.retries:
        return _retry_disabled(state, step, number, request, user)
    if number > request.max_retries:
        return _retries_exceeded(state, step, number, request, user)
    seconds = request.seconds_to_wait
    data = StepRetryData(SerializableErrorInfo.from_exception(request), seconds)
    state.log.append(_UP_FOR_RETRY, step.index, number, data)
    return Retry(seconds or 0)


def _retry_request(
    state: RunState, step: Step, number: int, error: BaseException, user: BaseException
) -> RetryRequested | None:
    """Return the retry that user code or the policy of the step asks for, None for no retry."""
    if isinstance(user, RetryRequested):
        return user
    policy = step.retry_policy
    is_user_error = isinstance(error, (DagflowUserCodeExecutionError, Failure))
    if policy is None or not is_user_error or (isinstance(user, Failure) and not user.allow_retries):
        return None
    seconds = policy.calculate_delay(number, state.options.random)
    request = RetryRequestedFromPolicy(policy.max_retries, max(0, seconds))
    request.__cause__ = user
    return request


def _retry_disabled(
    state: RunState, step: Step, number: int, request: RetryRequested, user: BaseException
) -> Failed:
    """Append a failure, because the executor allows no retries."""
    _, cause_info = _cause(request, user)
    text = "RetryRequested but retries are disabled"
    info = SerializableErrorInfo(text, [], type(request).__name__, cause_info)
    _record(state, step, number, info, user, ErrorSource.FRAMEWORK_ERROR)
    return _failed(state, user, info)


def _cause(
    request: RetryRequested, user: BaseException
) -> tuple[BaseException | None, SerializableErrorInfo | None]:
    """Return the exception that a retry was requested for, and its recorded form."""
    cause = user.__cause__ if user is request else user
    return cause, None if cause is None else SerializableErrorInfo.from_exception(cause)


def _retries_exceeded(
    state: RunState, step: Step, number: int, request: RetryRequested, user: BaseException
) -> Failed:
    cause, cause_info = _cause(request, user)
    text = f"Exceeded max_retries of {request.max_retries}\n"
    info = SerializableErrorInfo(text, [], type(request).__name__, cause_info)
    is_requested = user is request  # a RetryRequested by the user is not an error of the user's code
    source = ErrorSource.FRAMEWORK_ERROR if is_requested else ErrorSource.USER_CODE_ERROR
    _record(state, step, number, info, user, source)
    raised = DagflowMaxRetriesExceededError(
        f"Exceeded max_retries of {request.max_retries} in step '{step.key}'"
        + (
            f"; the last attempt raised\n{cause_info.shortened().to_user_string()}"
            if cause_info is not None
            else ""
        ),
        user_code_process_error_infos=[cause_info or info],
    )
    raised.__cause__ = cause
    return _failed(state, raised, info)


def _failure(state: RunState, step: Step, number: int, error: BaseException, user: BaseException) -> Failed:
    info = SerializableErrorInfo.from_exception(error)
    is_user_error = isinstance(error, DagflowUserCodeExecutionError)
    if isinstance(error, Exception):
        source = ErrorSource.USER_CODE_ERROR if is_user_error else ErrorSource.FRAMEWORK_ERROR
    else:
        source = ErrorSource.UNEXPECTED_ERROR if is_exit(error) else ErrorSource.INTERRUPT
    _record(state, step, number, info, user, source)
    return _failed(state, user, info)


def _failed(state: RunState, error: BaseException, info: SerializableErrorInfo) -> Failed:
    """Return the outcome of a failed step, and set the error that is raised to the caller.

    A failure ends the run if the caller wants it raised, or if it is not an Exception, such as the outcome of
    a test. The outcome does not hold the error, because the traceback of the error would hold the outcome.
    """
    ends_run = state.raise_on_error or not (isinstance(error, Exception) or is_exit(error))
    if ends_run:
        state.error = error
    return Failed(info, ends_run)


def _record(
    state: RunState,
    step: Step,
    number: int,
    info: SerializableErrorInfo,
    user: BaseException,
    source: ErrorSource,
) -> None:
    if step.hooks:
        state.step_error = own_error(user)
    intentional = None
    if isinstance(user, Failure):
        _normalize_metadata(user)
        intentional = UserFailureData("intentional-failure", user.description, user.metadata)
    state.log.append(_STEP_FAILURE, step.index, number, StepFailureData(info, intentional, source))


def _normalize_metadata(failure: Failure) -> None:
    """Convert the values that the user has put into the metadata of a failure after its creation."""
    given = failure.metadata
    try:
        failure.metadata = given
    except DagflowInvalidMetadata:  # the step has failed already, so that the string must do
        failure.metadata = {
            name: value if isinstance(value, MetadataValue) else MetadataValue.text(str(value))
            for name, value in given.items()
        }
