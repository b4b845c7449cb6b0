"""The data of events: a class of `event_specific_data` for each event type that has data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.events.user import AssetMaterialization, AssetObservation, ExpectationResult
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.events.error_info import SerializableErrorInfo
    from dagflow.metadata.value import MetadataValue

    _Metadata = Mapping[str, MetadataValue]


class ErrorSource(Enum):
    """The origin of a failure."""

    FRAMEWORK_ERROR = "FRAMEWORK_ERROR"
    USER_CODE_ERROR = "USER_CODE_ERROR"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"
    INTERRUPT = "INTERRUPT"


class RunFailureReason(Enum):
    """The reason for the failure of a run."""

    STEP_FAILURE = "STEP_FAILURE"
    RUN_EXCEPTION = "RUN_EXCEPTION"
    JOB_INITIALIZATION_FAILURE = "JOB_INITIALIZATION_FAILURE"
    START_TIMEOUT = "START_TIMEOUT"
    RUN_WORKER_RESTART = "RUN_WORKER_RESTART"
    UNEXPECTED_TERMINATION = "UNEXPECTED_TERMINATION"
    UNKNOWN = "UNKNOWN"


class TypeCheckData(NamedTuple):
    """The result of the type check of one input or output."""

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
    """The data of STEP_INPUT events."""

    input_name: str
    type_check_data: TypeCheckData


class StepOutputData(NamedTuple):
    """The data of STEP_OUTPUT events."""

    step_output_handle: StepOutputHandle
    type_check_data: TypeCheckData | None = None
    version: str | None = None
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field

    @property
    def output_name(self) -> str:
        """The name of the output."""
        return self.step_output_handle.output_name

    @property
    def mapping_key(self) -> str | None:
        """The mapping key of a dynamic output, None for a plain output."""
        return self.step_output_handle.mapping_key


class LoadedInputData(NamedTuple):
    """The data of LOADED_INPUT events."""

    input_name: str
    manager_key: str
    upstream_output_name: str | None = None
    upstream_step_key: str | None = None
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field


class HandledOutputData(NamedTuple):
    """The data of HANDLED_OUTPUT events."""

    output_name: str
    manager_key: str
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field


class StepSuccessData(NamedTuple):
    """The data of STEP_SUCCESS events."""

    duration_ms: float


class UserFailureData(NamedTuple):
    """The content of a `Failure` that user code raised."""

    label: str
    description: str | None = None
    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field


class StepFailureData(NamedTuple):
    """The data of STEP_FAILURE events."""

    error: SerializableErrorInfo | None
    user_failure_data: UserFailureData | None = None
    error_source: ErrorSource | None = None

    @property
    def error_display_string(self) -> str:
        """The error with its stack, for display; for an error of user code with the user's own exception."""
        if self.error is None:
            return ""
        if self.error_source is ErrorSource.USER_CODE_ERROR and self.error.cause is not None:
            return f"{self.error.message.strip()}:\n\n{self.error.cause.to_string()}"
        return self.error.to_string()


class StepRetryData(NamedTuple):
    """The data of STEP_UP_FOR_RETRY events."""

    error: SerializableErrorInfo | None
    seconds_to_wait: float | None = None


class StepMaterializationData(NamedTuple):
    """The data of ASSET_MATERIALIZATION events."""

    materialization: AssetMaterialization
    asset_lineage: Sequence[Any] = ()

    @property
    def asset_key(self) -> AssetKey:
        """The key of the asset."""
        return self.materialization.asset_key

    @property
    def partition(self) -> str | None:
        """The partition key, None if the asset is not partitioned."""
        return self.materialization.partition


class AssetWipedData(NamedTuple):
    """The data of ASSET_WIPED events."""

    asset_key: AssetKey
    partition_keys: Sequence[str] | None = None


class AssetObservationData(NamedTuple):
    """The data of ASSET_OBSERVATION events."""

    asset_observation: AssetObservation

    @property
    def asset_key(self) -> AssetKey:
        """The key of the asset."""
        return self.asset_observation.asset_key

    @property
    def partition(self) -> str | None:
        """The partition key, None if the asset is not partitioned."""
        return self.asset_observation.partition


class StepExpectationResultData(NamedTuple):
    """The data of STEP_EXPECTATION_RESULT events."""

    expectation_result: ExpectationResult


class EngineEventData(NamedTuple):
    """The data of ENGINE_EVENT, RESOURCE_INIT_* and STEP_WORKER_* events."""

    metadata: _Metadata = {}  # noqa: RUF012 - the default of a NamedTuple field
    error: SerializableErrorInfo | None = None
    marker_start: str | None = None
    marker_end: str | None = None


class RunEnqueuedData(NamedTuple):
    """The data of RUN_ENQUEUED events."""

    code_location_name: str
    repository_name: str
    partition_key: str | None = None


class JobCanceledData(NamedTuple):
    """The data of RUN_CANCELED events."""

    error: SerializableErrorInfo | None = None


class HookErroredData(NamedTuple):
    """The data of HOOK_ERRORED events."""

    error: SerializableErrorInfo


class ComputeLogsCaptureData(NamedTuple):
    """The data of LOGS_CAPTURED events."""

    file_key: str
    step_keys: Sequence[str]
    external_url: str | None = None
    external_stdout_url: str | None = None
    external_stderr_url: str | None = None
    shell_cmd: str | None = None
