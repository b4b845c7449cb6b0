"""What belongs to an event of each type: the classes of `event_specific_data`."""

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
