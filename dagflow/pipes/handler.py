"""The base of readers of messages, and their receiver, which makes results and log lines of them."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypedDict

from dagflow.errors import DagflowPipesExecutionError
from dagflow.events.asset_result import MaterializeResult
from dagflow.events.check import AssetCheckResult, AssetCheckSeverity
from dagflow.events.user import DataVersion
from dagflow.keys import AssetKey
from dagflow.pipes.metadata import metadata_of

if TYPE_CHECKING:
    from dagflow.context.op import AssetExecutionContext, OpExecutionContext
    from dagflow.pipes.protocol import PipesMessage

PipesExecutionResult = MaterializeResult[Any] | AssetCheckResult
"""A result that an external process reports."""

_MAX_FAULTS = 10


class PipesLaunchedData(TypedDict):
    """The facts about the start of an external process, for `PipesSession.report_launched`.

    Attributes:
        extras: Facts in any form that the reader of the messages can use.
    """

    extras: Mapping[str, Any]


class PipesMessageReader(ABC):
    """A way in which messages of an external process arrive. Subclass it for another one."""

    @abstractmethod
    def read_messages(self, handler: PipesMessageHandler) -> AbstractContextManager[Mapping[str, Any]]:
        """Return a context manager that passes each message to `handler.handle_message`.

        At its end all messages of the process must be handled.

        Args:
            handler: The receiver. It can be called from any thread.

        Returns:
            A context manager with the parameters with which the process finds its channel.
        """

    @abstractmethod
    def no_messages_debug_text(self) -> str:
        """Return a sentence for the warning about a process that sent no message."""

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:  # noqa: B027 - optional
        """Use the facts about the start of the process, if `PipesSession.report_launched` gets them."""

    def on_opened(self, opened_payload: Mapping[str, Any]) -> None:  # noqa: B027 - optional
        """Use the parameters of the first message of the process."""


class PipesMessageHandler:
    """The receiver of the messages of one external process. Readers call it from any thread.

    Args:
        context: The context of the op or asset.
        message_reader: The reader that learns when the process starts and opens the connection.
    """

    def __init__(
        self, context: OpExecutionContext | AssetExecutionContext, message_reader: PipesMessageReader
    ) -> None:
        self._context = context
        self._reader = message_reader
        self._lock = RLock()
        self._results: list[PipesExecutionResult] = []
        self._custom: list[Any] = []
        self._faults: list[tuple[str, BaseException]] = []
        self._fault_count = 0
        self._exception: str | None = None
        self._is_opened = self._is_closed = False

    @property
    def context(self) -> OpExecutionContext | AssetExecutionContext:
        """The context of the op or asset."""
        return self._context

    @property
    def received_opened_message(self) -> bool:
        """Whether the process opened the connection."""
        return self._is_opened

    @property
    def received_closed_message(self) -> bool:
        """Whether the process closed the connection."""
        return self._is_closed

    @property
    def external_exception(self) -> str | None:
        """The exception with which the process closed the connection, with its traceback."""
        return self._exception

    @contextmanager
    def handle_messages(self) -> Iterator[Mapping[str, Any]]:
        """Read messages inside of a with block; it gets the parameters of the reader."""
        with self._reader.read_messages(self) as params:
            yield params

    def get_reported_results(self) -> Sequence[PipesExecutionResult]:
        """Return the results so far, in their order."""
        with self._lock:
            return tuple(self._results)

    def get_custom_messages(self) -> Sequence[Any]:
        """Return the payloads of the custom messages so far, in their order."""
        with self._lock:
            return tuple(self._custom)

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Pass the facts about the start of the process to the reader."""
        self._reader.on_launched(launched_payload)

    def handle_message(self, message: PipesMessage) -> None:
        """Use one message.

        Args:
            message: A dict with `method` and `params`.

        Raises:
            DagflowPipesExecutionError: The method is unknown, or does not have these parameters.
            DagflowInvalidMetadata: A metadata value is invalid.
        """
        method, params = message["method"], message["params"] or {}
        handle = getattr(self, f"_handle_{method}", None) if method in _METHODS else None
        if handle is None:
            raise DagflowPipesExecutionError(
                f"The external process sent a message with the unknown method '{method}'. The methods are "
                f"{', '.join(sorted(_METHODS))}."
            )
        missing = [name for name in _METHODS[method] if name not in params]
        if missing:
            raise DagflowPipesExecutionError(
                f"The external process sent a message '{method}' without {', '.join(missing)}."
            )
        with self._lock:
            handle(params)

    def report_pipes_framework_exception(
        self,
        origin: str,
        exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> None:
        """Keep an exception of a reader's thread. The session raises it at its end.

        Args:
            origin: The code that raised.
            exc_info: The result of `sys.exc_info()`.
        """
        error = exc_info[1]
        if error is not None:
            with self._lock:
                self._fault_count += 1
                if len(self._faults) < _MAX_FAULTS:
                    self._faults.append((origin, error))

    def faults(self) -> DagflowPipesExecutionError | None:
        """Return the exceptions of the reader's threads as one error, None if there was none."""
        if not self._faults:
            return None
        lines = [f"  {type(error).__name__} in {origin}: {error}" for origin, error in self._faults]
        more = self._fault_count - len(self._faults)
        lines += [f"  and {more} more"] if more else []
        count = "1 message" if self._fault_count == 1 else f"{self._fault_count} messages"
        error = DagflowPipesExecutionError(
            "\n".join([f"{count} of the external process could not be used:", *lines])
        )
        error.__cause__ = self._faults[0][1]
        return error

    def _handle_opened(self, params: Mapping[str, Any]) -> None:
        self._is_opened = True
        self._context.log.info("[pipes] external process successfully opened dagster pipes.")
        self._reader.on_opened(params)

    def _handle_closed(self, params: Mapping[str, Any]) -> None:
        self._is_closed = True
        if params.get("exception"):
            self._exception = "".join(_lines_of(params["exception"]))
            self._context.log.error(f"[pipes] external process raised an exception.\n{self._exception}")

    def _handle_log(self, params: Mapping[str, Any]) -> None:
        # the text of the other process may have percent signs
        self._context.log.log(str(params.get("level", "info")), "%s", params["message"])

    def _handle_log_external_stream(self, params: Mapping[str, Any]) -> None:
        stream = {"stdout": sys.stdout, "stderr": sys.stderr}.get(params["stream"])
        if stream is None:
            raise DagflowPipesExecutionError(
                f"The external process sent text of the unknown stream '{params['stream']}'; the streams are "
                "stdout and stderr."
            )
        stream.write(str(params["text"]))

    def _handle_report_custom_message(self, params: Mapping[str, Any]) -> None:
        self._custom.append(params["payload"])

    def _handle_report_asset_materialization(self, params: Mapping[str, Any]) -> None:
        key = self._key(params["asset_key"])
        version = params.get("data_version")
        self._results.append(
            MaterializeResult(
                key,
                metadata_of(params.get("metadata"), f"asset '{key.to_user_string()}'"),
                data_version=None if version is None else DataVersion(version),
            )
        )

    def _handle_report_asset_check(self, params: Mapping[str, Any]) -> None:
        key = self._key(params["asset_key"])
        severity = params.get("severity") or "ERROR"
        if severity not in AssetCheckSeverity.__members__:
            raise DagflowPipesExecutionError(
                f"The external process reported check '{params['check_name']}' with the severity "
                f"'{severity}'; it must be one of {', '.join(AssetCheckSeverity.__members__)}."
            )
        self._results.append(
            AssetCheckResult(
                passed=params["passed"],
                asset_key=key,
                check_name=params["check_name"],
                metadata=metadata_of(params.get("metadata"), f"check '{params['check_name']}'"),
                severity=AssetCheckSeverity[severity],
            )
        )

    def _key(self, text: str) -> AssetKey:
        key = AssetKey.from_escaped_user_string(text)
        assets_def = self._context.call_state.assets_def
        if assets_def is None:
            return key
        known = {*assets_def.keys, *(check.asset_key for check in assets_def.check_keys)}
        if key not in known:
            names = ", ".join(sorted(f"'{one.to_user_string()}'" for one in known))
            raise DagflowPipesExecutionError(
                f"The external process reported asset '{key.to_user_string()}', but the step is for {names}."
            )
        return key


_METHODS: dict[str, tuple[str, ...]] = {
    "opened": (),
    "closed": (),
    "log": ("message",),
    "log_external_stream": ("stream", "text"),
    "report_custom_message": ("payload",),
    "report_asset_materialization": ("asset_key",),
    "report_asset_check": ("asset_key", "check_name", "passed"),
}
"""The methods of messages, and the parameters that each must have."""


def _lines_of(exception: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an exception as Python shows it, the causes first."""
    for reason, link in (
        ("cause", "\nThe above exception was the direct cause of the following exception:\n\n"),
        ("context", "\nDuring handling of the above exception, another exception occurred:\n\n"),
    ):
        if exception.get(reason):
            yield from _lines_of(exception[reason])
            yield link
            break
    if exception.get("stack"):
        yield "Traceback (most recent call last):\n"
        yield from exception["stack"]
    yield str(exception.get("message") or exception.get("name") or "an unknown exception")
