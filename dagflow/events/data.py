"""What belongs to an event of each type: the classes of `event_specific_data`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.events.user import AssetMaterialization, AssetObservation, ExpectationResult
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.events.record import DagflowEvent
    from dagflow.metadata.value import MetadataValue

    _Metadata = Mapping[str, MetadataValue]


class ErrorSource(Enum):
    """Whose fault a failure is."""

    FRAMEWORK_ERROR = "FRAMEWORK_ERROR"
    USER_CODE_ERROR = "USER_CODE_ERROR"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"
    INTERRUPT = "INTERRUPT"


class RunFailureReason(Enum):
    """Why a run failed."""

    STEP_FAILURE = "STEP_FAILURE"
    RUN_EXCEPTION = "RUN_EXCEPTION"
    JOB_INITIALIZATION_FAILURE = "JOB_INITIALIZATION_FAILURE"
    START_TIMEOUT = "START_TIMEOUT"
    RUN_WORKER_RESTART = "RUN_WORKER_RESTART"
    UNEXPECTED_TERMINATION = "UNEXPECTED_TERMINATION"
    UNKNOWN = "UNKNOWN"


class SerializableErrorInfo(NamedTuple):
    """An exception as text: last line(s), stack lines, class name, and what it came from."""

    message: str
    stack: Sequence[str]
    cls_name: str | None
    cause: SerializableErrorInfo | None = None
    context: SerializableErrorInfo | None = None

    def to_string(self) -> str:
        """The whole of it: message and stack, then those of what it came from."""
        parts = []
        link, how = self, ""
        while True:
            stack = "\nStack Trace:\n" + "".join(link.stack) if link.stack else ""
            parts.append(f"{how}{link.message}{stack}")
            came_from = link.cause or link.context
            if came_from is None:
                return "\n".join(parts)
            how = "It was caused by:\n" if link.cause else "It came up while this was handled:\n"
            link = came_from

    def to_exception_message_only(self) -> SerializableErrorInfo:
        """The message and the class, without stack and origin."""
        return SerializableErrorInfo(self.message, [], self.cls_name)

    @staticmethod
    def from_exception(error: BaseException) -> SerializableErrorInfo:
        """The texts of an exception and of those that it came from."""
        import traceback  # only a failure needs it

        chain: list[BaseException] = []  # not by recursion: it can be longer than the stack
        current: BaseException | None = error
        while current is not None and not any(current is seen for seen in chain):
            chain.append(current)
            hidden = current.__cause__ is not None or current.__suppress_context__
            current = current.__cause__ if hidden else current.__context__
        info: SerializableErrorInfo | None = None
        for link in reversed(chain):
            is_cause = link.__cause__ is not None
            info = SerializableErrorInfo(
                "".join(traceback.format_exception_only(type(link), link)),
                traceback.format_tb(link.__traceback__),
                type(link).__name__,
                info if is_cause else None,
                None if is_cause else info,
            )
        assert info is not None
        return info


class TypeCheckData(NamedTuple):
    """What a type check said of one input or output."""

    success: bool
    label: str
    description: str | None = None
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field


class StepOutputHandle(NamedTuple):
    """One output of one step."""

    step_key: str
    output_name: str = "result"
    mapping_key: str | None = None


class StepInputData(NamedTuple):
    """Of STEP_INPUT."""

    input_name: str
    type_check_data: TypeCheckData


class StepOutputData(NamedTuple):
    """Of STEP_OUTPUT."""

    step_output_handle: StepOutputHandle
    type_check_data: TypeCheckData | None = None
    version: str | None = None
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field

    @property
    def output_name(self) -> str:
        """The output's name."""
        return self.step_output_handle.output_name

    @property
    def mapping_key(self) -> str | None:
        """The mapping key of a dynamic output."""
        return self.step_output_handle.mapping_key


class LoadedInputData(NamedTuple):
    """Of LOADED_INPUT."""

    input_name: str
    manager_key: str
    upstream_output_name: str | None = None
    upstream_step_key: str | None = None
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field


class HandledOutputData(NamedTuple):
    """Of HANDLED_OUTPUT."""

    output_name: str
    manager_key: str
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field


class StepSuccessData(NamedTuple):
    """Of STEP_SUCCESS."""

    duration_ms: float


class UserFailureData(NamedTuple):
    """What a `Failure` said."""

    label: str
    description: str | None = None
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field


class StepFailureData(NamedTuple):
    """Of STEP_FAILURE."""

    error: SerializableErrorInfo | None
    user_failure_data: UserFailureData | None = None
    error_source: ErrorSource | None = None

    @property
    def error_display_string(self) -> str:
        """What people should see: for an error of user code, what that raised and where."""
        if self.error is None:
            return ""
        if self.error_source is ErrorSource.USER_CODE_ERROR and self.error.cause is not None:
            return f"{self.error.message.strip()}:\n\n{self.error.cause.to_string()}"
        return self.error.to_string()


class StepRetryData(NamedTuple):
    """Of STEP_UP_FOR_RETRY."""

    error: SerializableErrorInfo | None
    seconds_to_wait: float | None = None


class StepMaterializationData(NamedTuple):
    """Of ASSET_MATERIALIZATION."""

    materialization: AssetMaterialization
    asset_lineage: Sequence[Any] = ()

    @property
    def asset_key(self) -> AssetKey:
        """The asset."""
        return self.materialization.asset_key

    @property
    def partition(self) -> str | None:
        """The partition, if the asset has any."""
        return self.materialization.partition


class AssetMaterializationPlannedData(NamedTuple):
    """Of ASSET_MATERIALIZATION_PLANNED."""

    asset_key: AssetKey
    partition: str | None = None
    partitions_subset: Any = None


class AssetCheckEvaluationPlanned(NamedTuple):
    """Of ASSET_CHECK_EVALUATION_PLANNED."""

    asset_key: AssetKey
    check_name: str
    partition: str | None = None


class AssetWipedData(NamedTuple):
    """Of ASSET_WIPED."""

    asset_key: AssetKey
    partition_keys: Sequence[str] | None = None


class AssetObservationData(NamedTuple):
    """Of ASSET_OBSERVATION."""

    asset_observation: AssetObservation

    @property
    def asset_key(self) -> AssetKey:
        """The asset."""
        return self.asset_observation.asset_key

    @property
    def partition(self) -> str | None:
        """The partition, if the asset has any."""
        return self.asset_observation.partition


class StepExpectationResultData(NamedTuple):
    """Of STEP_EXPECTATION_RESULT."""

    expectation_result: ExpectationResult


class EngineEventData(NamedTuple):
    """Of ENGINE_EVENT, RESOURCE_INIT_* and STEP_WORKER_*."""

    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field
    error: SerializableErrorInfo | None = None
    marker_start: str | None = None
    marker_end: str | None = None


class JobFailureData(NamedTuple):
    """Of RUN_FAILURE."""

    error: SerializableErrorInfo | None
    failure_reason: RunFailureReason | None = None
    first_step_failure_event: DagflowEvent | None = None


class RunEnqueuedData(NamedTuple):
    """Of RUN_ENQUEUED."""

    code_location_name: str
    repository_name: str
    partition_key: str | None = None


class JobCanceledData(NamedTuple):
    """Of RUN_CANCELED."""

    error: SerializableErrorInfo | None = None


class HookErroredData(NamedTuple):
    """Of HOOK_ERRORED."""

    error: SerializableErrorInfo


class ComputeLogsCaptureData(NamedTuple):
    """Of LOGS_CAPTURED."""

    file_key: str
    step_keys: Sequence[str]
    external_url: str | None = None
    external_stdout_url: str | None = None
    external_stderr_url: str | None = None
    shell_cmd: str | None = None
