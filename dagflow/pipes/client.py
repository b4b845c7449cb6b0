"""Clients that run an external process: `PipesClient`, its result, and `PipesSubprocessClient`."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dagflow.errors import (
    DagflowInvariantViolationError,
    DagflowPipesExecutionError,
    check_elements,
    check_optional,
    check_type,
)
from dagflow.events.asset_result import MaterializeResult
from dagflow.events.check import AssetCheckResult
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.pipes.handler import PipesExecutionResult, PipesMessageReader
from dagflow.pipes.injectors import PipesContextInjector, PipesTempFileContextInjector
from dagflow.pipes.readers import PipesTempFileMessageReader
from dagflow.pipes.session import PipesSession, open_pipes_session

if TYPE_CHECKING:
    from dagflow.context.check import AssetCheckExecutionContext
    from dagflow.context.op import AssetExecutionContext, OpExecutionContext

_SHOWN_LENGTH = 200
"""The number of characters of a command that a message shows."""


class PipesClientCompletedInvocation:
    """The result of an external process that ended: the value of `PipesClient.run`.

    Args:
        session: The session of the process, which has ended.
        metadata: Metadata for all results, such as the id of the job in another system.

    Raises:
        DagflowInvalidMetadata: A metadata value is of an unsupported type.
    """

    def __init__(self, session: PipesSession, metadata: Mapping[str, Any] | None = None) -> None:
        self._session = session
        self._metadata = normalize_metadata(metadata, "a PipesClientCompletedInvocation")

    @property
    def metadata(self) -> Mapping[str, MetadataValue]:
        """The metadata for all results."""
        return self._metadata

    def get_results(self, *, implicit_materializations: bool = True) -> Sequence[PipesExecutionResult]:
        """Return the results of the process, for an asset to return or to yield.

        Args:
            implicit_materializations: Whether each selected asset that was not reported is added.
        """
        return self._session.get_results(
            implicit_materializations=implicit_materializations, metadata=self._metadata
        )

    def get_materialize_result(self, *, implicit_materialization: bool = True) -> MaterializeResult[Any]:
        """Return the one materialization, with the results of all checks in it.

        Args:
            implicit_materialization: Whether an asset that was not reported counts as materialized.

        Raises:
            DagflowInvariantViolationError: There is no materialization, or more than one.
        """
        results = self.get_results(implicit_materializations=implicit_materialization)
        made = [one for one in results if isinstance(one, MaterializeResult)]
        if not made:
            raise DagflowInvariantViolationError(
                "No materialization results received from external process. Use get_results() in an op, or "
                "call report_asset_materialization() in the process."
            )
        if len(made) > 1:
            keys = [key.to_user_string() for one in made if (key := one.asset_key)]
            raise DagflowInvariantViolationError(
                f"Multiple materialize results returned with asset keys {keys}. If you are materializing "
                "multiple assets in a pipes invocation, use get_results() instead."
            )
        checks = [one for one in results if isinstance(one, AssetCheckResult)]
        (result,) = made
        return MaterializeResult(
            result.asset_key,
            metadata=result.metadata,
            check_results=[*(result.check_results or ()), *checks],
            data_version=result.data_version,
            tags=result.tags,
        )

    def get_asset_check_result(self) -> AssetCheckResult:
        """Return the one result of a check, in an asset check that runs a process.

        Raises:
            DagflowInvariantViolationError: There is no result of a check, or anything else.
        """
        results = self.get_results()
        checks = [one for one in results if isinstance(one, AssetCheckResult)]
        if len(results) != 1 or len(checks) != 1:
            raise DagflowInvariantViolationError(
                f"Did not find singular AssetCheckResult, got {len(results) - len(checks)} "
                f"MaterializeResults and {len(checks)} AssetCheckResults. Correct the reported results or "
                "use get_results() instead."
            )
        return checks[0]

    def get_custom_messages(self) -> Sequence[Any]:
        """Return the payloads of `report_custom_message`, in their order."""
        return self._session.get_custom_messages()


class PipesClient(ABC):
    """The base of clients that run external processes. Subclass it for another kind of processes."""

    @abstractmethod
    def run(
        self,
        *,
        context: OpExecutionContext | AssetExecutionContext | AssetCheckExecutionContext,
        extras: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> PipesClientCompletedInvocation:
        """Run a process, wait for its end, and return its results.

        Args:
            context: The context of the op, asset or check.
            extras: JSON values for the process, by name.
            kwargs: The arguments of the client, for example a command.
        """


class PipesSubprocessClient(PipesClient):
    """A client that runs a command of this machine. A parameter with this annotation gets a resource.

    Args:
        env: Environment variables for the process, in addition to those of this process.
        cwd: The folder in which the process starts.
        context_injector: The way in which it receives its context; by default a temporary file.
        message_reader: The way in which its messages arrive; by default a temporary file.
        forward_termination: Whether an interrupt of this process ends the other one: by SIGINT, and by a kill
            after `termination_timeout_seconds`. Otherwise this process waits until the other one has ended.
        forward_stdio: Whether stdout and stderr of the process are those of this process. Otherwise they
            are lost.
        termination_timeout_seconds: The time that an interrupted process has for its end.

    Raises:
        ParameterCheckError: An argument is of the wrong type.

    Example:
        >>> import sys
        >>> from dagflow import build_op_context, op
        >>> @op
        ... def count(context, pipes: PipesSubprocessClient):
        ...     done = pipes.run(context=context, command=[sys.executable, "-c", "pass"])
        ...     return done.get_custom_messages()
        >>> count(build_op_context(), PipesSubprocessClient())
        ()
    """

    __dagflow_resource__: ClassVar[str] = "value"

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        forward_termination: bool = True,
        forward_stdio: bool = True,
        termination_timeout_seconds: float = 20,
    ) -> None:
        of = "a PipesSubprocessClient"
        self.env: dict[str, str] = _checked_env(env)
        self.cwd: str | None = _checked_folder(cwd)
        self.context_injector: PipesContextInjector = (
            check_optional(context_injector, PipesContextInjector, "context_injector", of)
            or PipesTempFileContextInjector()
        )
        self.message_reader: PipesMessageReader = (
            check_optional(message_reader, PipesMessageReader, "message_reader", of)
            or PipesTempFileMessageReader()
        )
        self.forward_termination: bool = check_type(forward_termination, bool, "forward_termination", of)
        self.forward_stdio: bool = check_type(forward_stdio, bool, "forward_stdio", of)
        self.termination_timeout_seconds: float = check_type(
            termination_timeout_seconds, (int, float), "termination_timeout_seconds", of
        )

    def run(  # type: ignore[override]
        self,
        *,
        context: OpExecutionContext | AssetExecutionContext | AssetCheckExecutionContext,
        extras: Mapping[str, Any] | None = None,
        command: str | Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> PipesClientCompletedInvocation:
        """Run a command, wait for its end, and return its results.

        Args:
            context: The context of the op, asset or check.
            extras: JSON values for the process, by name.
            command: The program and its arguments. A string is a program without arguments.
            env: Environment variables, in addition to those of the client.
            cwd: The folder in which the process starts, instead of that of the client.

        Raises:
            DagflowPipesExecutionError: The exit status is not 0, or a message could not be used.
            FileNotFoundError: The program does not exist.
            ParameterCheckError: An argument is of the wrong type, or an extra is not JSON.
        """
        given = command if isinstance(command, str) else check_elements(command, str, "command")
        own_env, folder = _checked_env(env), _checked_folder(cwd)
        output = None if self.forward_stdio else subprocess.DEVNULL
        status = 0
        try:
            with open_pipes_session(context, self.context_injector, self.message_reader, extras) as session:
                process = subprocess.Popen(
                    given,
                    cwd=self.cwd if folder is None else folder,
                    env={**os.environ, **session.get_bootstrap_env_vars(), **self.env, **own_env},
                    stdout=output,
                    stderr=output,
                )
                try:
                    session.report_launched({"extras": {}})
                    status = process.wait()
                except BaseException:
                    self._end(process)
                    raise
        except DagflowPipesExecutionError as faults:
            if status != 0:  # the process ended in the middle of a message
                raise _failure(status, given, session) from faults
            raise
        if status != 0:
            raise _failure(status, given, session)
        return PipesClientCompletedInvocation(session)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of a process, and kill it if it takes too long or a second interrupt arrives."""
        try:
            if self.forward_termination:
                process.send_signal(signal.SIGINT)
                process.wait(self.termination_timeout_seconds)
            else:
                process.wait()
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _failure(status: int, command: str | Sequence[str], session: PipesSession) -> DagflowPipesExecutionError:
    text = f"External execution process failed with code {status}"
    if status < 0:
        text += f" (signal {-status})"
    shown = command if isinstance(command, str) else shlex.join(command)
    text += f": {shown}" if len(shown) <= _SHOWN_LENGTH else f": {shown[:_SHOWN_LENGTH]}..."
    exception = session.message_handler.external_exception
    if exception is not None:
        text += f"\nIt raised:\n{exception}"
    return DagflowPipesExecutionError(text)


def _checked_env(env: Mapping[str, str] | None) -> dict[str, str]:
    given = dict(check_optional(env, Mapping, "env") or {})
    for name, value in given.items():
        check_type(name, str, "env", "a PipesSubprocessClient, its names")
        check_type(value, str, "env", f"a PipesSubprocessClient, variable '{name}'")
    return given


def _checked_folder(cwd: str | os.PathLike[str] | None) -> str | None:
    return None if cwd is None else os.fspath(check_type(cwd, (str, os.PathLike), "cwd"))
