"""The last frame of an error: in dagflow, or in code of the user, where the debugger of `--pdb` opens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import pytest

OUR_PACKAGES = ("dagflow", "pytest_dagflow")


@contextmanager
def in_user_frame(call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Replace an error of the engine by the user's own error behind it in this block.

    An error of an op is raised as it is. An I/O manager, a resource or a tick raises an error of dagflow, in
    whose last frame there is nothing of the user.

    Args:
        call: The call that raised.
    """
    raised = call.excinfo
    own = None if raised is None else _own_error(raised.value)
    if own is None:
        yield
        return
    call.excinfo = pytest.ExceptionInfo.from_exception(own)
    try:
        yield
    finally:
        call.excinfo = raised


def _own_error(error: BaseException) -> BaseException | None:
    """Return the error behind an error whose last frame is in dagflow; None if there is no such error."""
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        if found.__traceback__ is not None and not ends_in_dagflow(found.__traceback__):
            return None if found is error else found
        found = getattr(found, "user_exception", None) or found.__cause__
    return None


def ends_in_dagflow(traceback: TracebackType) -> bool:
    """Return whether the last frame of a traceback is in dagflow."""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0] in OUR_PACKAGES
