"""The connection to an external process: `open_pipes_session` and `PipesSession`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagflow.clock import SYSTEM_CLOCK
from dagflow.errors import check_type
from dagflow.events.asset_result import MaterializeResult
from dagflow.events.user import with_metadata
from dagflow.metadata.normalize import normalize_metadata
from dagflow.pipes.context_data import PipesContextData, build_context_data
from dagflow.pipes.handler import (
    PipesExecutionResult,
    PipesLaunchedData,
    PipesMessageHandler,
    PipesMessageReader,
)
from dagflow.pipes.injectors import PipesContextInjector
from dagflow.pipes.protocol import (
    CONTEXT_ARGUMENT,
    CONTEXT_VARIABLE,
    MESSAGES_ARGUMENT,
    MESSAGES_VARIABLE,
    encode_param,
)

if TYPE_CHECKING:
    from dagflow.context.check import AssetCheckExecutionContext
    from dagflow.context.op import AssetExecutionContext, OpExecutionContext


@contextmanager
def open_pipes_session(
    context: OpExecutionContext | AssetExecutionContext | AssetCheckExecutionContext,
    context_injector: PipesContextInjector,
    message_reader: PipesMessageReader,
    extras: Mapping[str, Any] | None = None,
) -> Iterator[PipesSession]:
    """Connect an op or asset with a process that the caller starts, inside of a with block.

    Args:
        context: The context of the op, asset or check.
        context_injector: The way in which the process receives its context.
        message_reader: The way in which its messages arrive.
        extras: JSON values for the process, by name.

    Yields:
        The session, with the environment variables for the process and its results.

    Raises:
        ParameterCheckError: An argument is of the wrong type, or an extra is not JSON.
        DagflowPipesExecutionError: A message could not be used. It is raised at the end of the block, when
            all other messages were handled. If the block raises, it is logged instead.

    Example:
        >>> from dagflow import PipesEnvContextInjector, PipesTempFileMessageReader, build_op_context, op
        >>> @op
        ... def count(context):
        ...     with open_pipes_session(
        ...         context, PipesEnvContextInjector(), PipesTempFileMessageReader()
        ...     ) as session:
        ...         return sorted(session.get_bootstrap_env_vars())
        >>> count(build_op_context())
        ['DAGSTER_PIPES_CONTEXT', 'DAGSTER_PIPES_MESSAGES']
    """
    check_type(context_injector, PipesContextInjector, "context_injector", "a pipes session")
    check_type(message_reader, PipesMessageReader, "message_reader", "a pipes session")
    step_context = context.op_execution_context  # that of a check has fewer attributes
    data = build_context_data(step_context, extras)
    step_context.call_state.has_external_results = True
    handler = PipesMessageHandler(step_context, message_reader)
    with context_injector.inject_context(data) as injector_params:
        try:
            with handler.handle_messages() as reader_params:
                yield PipesSession(data, handler, injector_params, reader_params, step_context)
        except BaseException:
            if (faults := handler.faults()) is not None:
                handler.context.log.error(f"[pipes] {faults}")
            raise
        finally:
            _warn(handler, context_injector, message_reader)
    if (faults := handler.faults()) is not None:
        raise faults


def _warn(handler: PipesMessageHandler, injector: PipesContextInjector, reader: PipesMessageReader) -> None:
    log = handler.context.log
    if not handler.received_opened_message:
        log.warning(
            "[pipes] did not receive any messages from external process. Check stdout / stderr logs from the "
            f"external process if possible.\n{type(injector).__name__}: {injector.no_messages_debug_text()}\n"
            f"{type(reader).__name__}: {reader.no_messages_debug_text()}\n"
        )
    elif not handler.received_closed_message:
        log.warning(
            "[pipes] did not receive closed message from external process. Buffered messages may have been "
            "discarded without being delivered. Use `open_dagster_pipes` as a context manager (a with block) "
            "to ensure that cleanup is successfully completed. If that is not possible, manually call "
            "`PipesContext.close()` before process exit."
        )


class PipesSession:
    """The connection to one external process. Created by `open_pipes_session`.

    Args:
        context_data: The facts about the step.
        message_handler: The receiver of the messages.
        context_injector_params: The parameters with which the process finds its context.
        message_reader_params: The parameters with which the process finds the channel of its messages.
        context: The context of the step.
        created_at: The time at which the session began; by default now.
    """

    def __init__(
        self,
        context_data: PipesContextData,
        message_handler: PipesMessageHandler,
        context_injector_params: Mapping[str, Any],
        message_reader_params: Mapping[str, Any],
        context: OpExecutionContext | AssetExecutionContext,
        created_at: datetime | None = None,
    ) -> None:
        self.context_data: PipesContextData = context_data
        self.message_handler: PipesMessageHandler = message_handler
        self.context_injector_params: Mapping[str, Any] = context_injector_params
        self.message_reader_params: Mapping[str, Any] = message_reader_params
        self.context: OpExecutionContext | AssetExecutionContext = context
        self.created_at: datetime = created_at or datetime.fromtimestamp(SYSTEM_CLOCK.now(), timezone.utc)

    def get_bootstrap_params(self) -> dict[str, Any]:
        """Return the parameters for the process, by the names of their environment variables."""
        return {
            CONTEXT_VARIABLE: self.context_injector_params,
            MESSAGES_VARIABLE: self.message_reader_params,
        }

    def get_bootstrap_env_vars(self) -> dict[str, str]:
        """Return the environment variables for the process."""
        return {name: encode_param(value) for name, value in self.get_bootstrap_params().items()}

    def get_bootstrap_cli_arguments(self) -> dict[str, str]:
        """Return the arguments for a process that gets no environment variables, by option."""
        return {
            CONTEXT_ARGUMENT: encode_param(self.context_injector_params),
            MESSAGES_ARGUMENT: encode_param(self.message_reader_params),
        }

    def report_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Pass the facts about the start of the process to the reader of the messages.

        Args:
            launched_payload: A dict with `extras`, facts in a form that the reader can use.
        """
        self.message_handler.on_launched(launched_payload)

    def get_reported_results(self) -> Sequence[PipesExecutionResult]:
        """Return the results that the process reported so far, in their order."""
        return self.message_handler.get_reported_results()

    def get_custom_messages(self) -> Sequence[Any]:
        """Return the payloads of `report_custom_message` so far, in their order."""
        return self.message_handler.get_custom_messages()

    def get_results(
        self, *, implicit_materializations: bool = True, metadata: Mapping[str, Any] | None = None
    ) -> Sequence[PipesExecutionResult]:
        """Return the results of the process, which the op or asset returns or yields.

        Args:
            implicit_materializations: Whether each selected asset that was not reported is added.
            metadata: Metadata for all results; the process's own values replace those with the same names.

        Raises:
            DagflowInvalidMetadata: A metadata value is of an unsupported type.
        """
        added = normalize_metadata(metadata, "a pipes session")
        results = list(self.get_reported_results())
        if implicit_materializations:
            reported = {one.asset_key for one in results if isinstance(one, MaterializeResult)}
            assets_def = self.context.call_state.assets_def
            keys = () if assets_def is None else sorted(self.context.selected_asset_keys - reported)
            results += [MaterializeResult(key) for key in keys]
        return tuple(with_metadata(one, {**added, **(one.metadata or {})}, "a result") for one in results)
