"""The law that every drawn program must obey, and how a program is run.

A program ends with a result, with an error of its own code, or with an error class of `dagflow.errors` whose
message names the definition. It never ends with another exception that a frame of dagflow raised, it never
hangs, and a second run has the same events.
"""

from __future__ import annotations
import __future__

import asyncio
import contextlib
import functools
import json
import os
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CoroutineType, FrameType, ModuleType
from typing import Any, NoReturn
from unittest import mock

import misbehaving
import profiles
import pydantic
import pytest
from hypothesis import HealthCheck

import dagflow
from dagflow.testing import canonical_events

FILE = "<program>"
OURS = os.path.dirname(dagflow.__file__) + os.sep
# a double or a decorator of these modules is code of the program
OF_USERS = (FILE, mock.__file__, functools.__file__, contextlib.__file__)
PYTHONS = (
    "the names of config fields must be strings",  # a TypeError, as the specification asks
    "was used as a value, but it is looked up only when",  # the error of an EnvVar's own __str__
    "'Liar'",  # C code was given a liar
    # the function that a program gave does not take these arguments
    "not 'AssetSpec'",
    "takes 0 positional arguments but 1 was given",
    "takes no arguments",
    "'AssetSpec' object is not iterable",
    "'SensorEvaluationContext' has no len()",
    "'AssetSpec' has no len()",
    "'ScheduleEvaluationContext' has no len()",
    "of merge_attributes for asset",  # a TypeError, as in the reference
)
SECONDS = 20  # a program needs some milliseconds


@dataclass(frozen=True)
class Program:
    """A drawn program. It defines a function `run()`.

    Attributes:
        source: The code. `misbehaving.NAMES` has the names that it uses.
        names: The names of which an error must contain one, in quotes.
        postponed: Whether annotations are not evaluated.
        succeeds: Whether an error of dagflow breaks the law too.
    """

    source: str
    names: tuple[str, ...]
    postponed: bool = False
    succeeds: bool = False

    def __str__(self) -> str:
        first = "from __future__ import annotations\n\n" if self.postponed else ""
        return f"{first}from misbehaving import *\n\n{self.source}\nrun()\n"


def examples(few: int) -> Any:
    """Return the settings of a test: `few` examples, always the same; the profile "thorough" has many."""
    return profiles.examples(
        few,
        profiles.ASKED * few // 50,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


class TookTooLong(BaseException):
    """A program that did not end in time."""


class NotPlain(Exception):
    """Events with values that are not plain JSON."""


def check(program: Program) -> None:
    """Fail, with the program, if it breaks the law."""
    first, second = outcome(program), outcome(program)
    for found in (first, second):
        if isinstance(found, BaseException):
            broken = fault(found, program)
            if broken is not None:
                where = "".join(traceback.format_exception(type(found), found, found.__traceback__))
                pytest.fail(f"{broken}\n\nof this program\n\n{program}\n\n{where}", pytrace=False)
    if _differ(first, second):
        pytest.fail(f"two runs differ:\n{first}\n{second}\n\nof this program\n\n{program}", pytrace=False)


def outcome(program: Program) -> Any:
    """Return the canonical events of a run, another result, or the exception that ended the program."""
    flags = __future__.annotations.compiler_flag if program.postponed else 0
    code = compile(program.source, FILE, "exec", flags, dont_inherit=True)
    module = sys.modules["program"] = ModuleType("program")  # dataclasses look for it
    names = vars(module)
    names.update(misbehaving.NAMES)
    with _watch(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(code, names)
            result = names["run"]()
            if isinstance(result, CoroutineType):
                result.close()  # it is never awaited
            return _events(result) if hasattr(type(result), "all_events") else "a value"
        except SyntaxError:
            raise  # a mistake of a strategy
        except (Exception, *OTHER_ERRORS) as error:
            return error


def _events(result: Any) -> str | BaseException:
    events = canonical_events(result)
    try:
        return json.dumps(events)
    except Exception as error:
        return NotPlain(f"the events cannot be written as JSON: {error!r}")


def _differ(first: Any, second: Any) -> bool:
    if isinstance(first, BaseException):
        return type(first).__name__ != type(second).__name__
    return bool(first != second)


def fault(error: BaseException, program: Program) -> str | None:
    """Return in which way an error breaks the law, None if it does not."""
    if isinstance(error, TookTooLong):
        return "the program hangs"
    if isinstance(error, pydantic.ValidationError) and re.match(
        r"\d+ validation errors? for (Pot|Kettle|Late)\b", str(error)
    ):
        return None  # the program made an object of its own model
    if isinstance(error, misbehaving.Lied):
        return None
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, (StopIteration, StopAsyncIteration)):
        return None  # so Python itself passes on this error of a coroutine or generator
    if isinstance(error, (TypeError, RuntimeError)) and any(text in str(error) for text in PYTHONS):
        return None
    if isinstance(error, NotPlain):
        return str(error)
    if isinstance(error, dagflow.DagflowError) and program.succeeds:
        return f"{type(error).__name__}, although the program is valid"
    if isinstance(error, dagflow.DagflowError):
        try:
            message = str(error)
        except BaseException as broken:
            return f"the message of {type(error).__name__} cannot be shown: {broken!r}"
        if any(name in message for name in program.names):
            return None
        return f"a {type(error).__name__} does not name any of {list(program.names)}"
    if isinstance(error.__context__, asyncio.CancelledError):
        error = error.__context__  # asyncio of Python 3.10 raises a copy of it, without the user's frames
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, misbehaving.Misbehaved):
        files = [file for file in files if file != misbehaving.__file__]
        if str(error) == "oops":
            return None  # the program passed this function as its own
    # other code of the standard library, or of a library, that dagflow called counts as dagflow
    last = max((position for position, file in enumerate(files) if file.startswith(OURS)), default=-1)
    own = max((position for position, file in enumerate(files) if file in OF_USERS), default=-1)
    return f"dagflow raised {type(error).__name__}" if last > own else None


OTHER_ERRORS = (SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, TookTooLong)


@contextmanager
def _watch() -> Iterator[None]:
    """Raise `TookTooLong` in the block after some seconds."""

    def stop(_: int, frame: FrameType | None) -> NoReturn:
        raise TookTooLong(f"after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    interrupt = signal.getsignal(signal.SIGINT)  # asyncio leaves its own, if an error has no repr
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        with contextlib.suppress(Exception):  # `signal` shows the handler that it replaces
            signal.signal(signal.SIGINT, interrupt)
