"""Jobs for the tests of executors with processes, which can import this module."""

from __future__ import annotations

import atexit
import ctypes
import os
import resource as limits
import signal
import subprocess
import sys
import threading
from pathlib import Path

from dagflow import (
    AssetCheckResult,
    Config,
    DynamicOut,
    DynamicOutput,
    DynamicPartitionsDefinition,
    Failure,
    RetryPolicy,
    asset,
    build_reconstructable_job,
    define_asset_job,
    failure_hook,
    job,
    multiprocess_executor,
    op,
    resource,
)
from dagflow import Definitions as Project

FOLDER = str(Path(__file__).parent)


def found(name):
    """Return a pointer to a job of this module."""
    return build_reconstructable_job("process_jobs", name, reconstructor_working_directory=FOLDER)


@op
def one():
    return 1


@op
def add_one(number):
    return number + 1


@op
def unchecked():
    return AssetCheckResult(passed=False, check_name="wet")


@job
def with_check():
    unchecked()


@job(executor_def=multiprocess_executor)
def chain():
    add_one(one())


class EndConfig(Config):
    """The end of a step.

    Attributes:
        end: The end, by a name in `end_as_configured`.
        attempts: The number of attempts that end so; the next one succeeds.
        note: A file for a note to the test.
    """

    end: str = "exit"
    attempts: int = 1
    note: str = ""


@op(retry_policy=RetryPolicy(max_retries=1))
def retried(context, config: EndConfig):
    return end_as_configured(context, config)


@op
def tried_once(context, config: EndConfig):
    return end_as_configured(context, config)


@op(tags={"dagflow/step_timeout": "0.3"})
def limited(context, config: EndConfig):
    return end_as_configured(context, config)


def end_as_configured(context, config):
    """End the step as its config describes."""
    if context.retry_number >= config.attempts:
        return "well"
    if config.end == "exit":
        sys.stdout.write("said on stdout\n")
        sys.stderr.write("said on stderr\n")
        os._exit(3)
    if config.end == "quiet exit":
        os._exit(0)
    if config.end == "finish later":
        atexit.register(finish_later, config.note)
        return "well"
    if config.end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.end == "segfault":
        ctypes.string_at(0)
    if config.end == "memory":
        limits.setrlimit(limits.RLIMIT_AS, (2 << 30, 2 << 30))
        return bytearray(4 << 30)
    if config.end == "child":
        process = subprocess.Popen(["sleep", "1000"])
        Path(config.note).write_text(str(process.pid), encoding="utf-8")
        os._exit(3)
    if config.end == "deaf":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if config.note:
        Path(config.note).write_text("waiting", encoding="utf-8")
    while True:
        threading.Event().wait(1)  # not signal.pause(), which a signal just before it does not wake


def finish_later(note):
    """Write a file after a short wait."""
    threading.Event().wait(0.2)
    Path(note).write_text("finished", encoding="utf-8")


@op
def forks():
    pid = os.fork()
    if pid == 0:
        sys.exit("this is not the process of the step")
    os.waitpid(pid, 0)
    return "well"


@job
def forking():
    forks()


@job
def losing():
    add_one.alias("behind")(tried_once())
    one()


@job
def regaining():
    retried()


@job
def late():
    add_one.alias("behind")(limited())
    one()


@op
def unpicklable():
    return lambda: 1


class Stubborn(Exception):
    """An error that pickle cannot restore."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")
        self.held = lambda: first


@op
def raises_stubborn():
    raise Stubborn("this", "that")


@op
def fails_on_purpose():
    raise Failure("not today", metadata={"why": "rain"})


@job
def unspeakable():
    unpicklable()
    raises_stubborn()
    fails_on_purpose()


@resource
def broken(_):
    raise RuntimeError("no water")


@op(required_resource_keys={"tap"})
def needs_tap():
    return 1


@job(resource_defs={"tap": broken})
def without_water():
    needs_tap()
    one()


@resource
def closed_badly(_):
    yield "water"
    raise RuntimeError("dripping")


@job(resource_defs={"tap": closed_badly})
def dripping():
    needs_tap()


@op
def speaks(context):
    sys.stdout.write("to stdout\n")
    sys.stderr.write("to stderr\n")
    context.log.warning("to the log of %s", "the run")
    return os.getpid()


@job
def speaking():
    speaks()


@op(out=DynamicOut())
def cups():
    yield DynamicOutput(1, "a")
    yield DynamicOutput(2, "b")


@op
def total(numbers):
    return sum(numbers)


@job
def mapping():
    total(cups().map(add_one).collect())


@op(tags={"database": "tiny"})
def tiny():
    return 1


@op(tags={"database": "huge"})
def huge():
    return 1


@job
def crowd():
    for number in range(3):
        tiny.alias(f"tiny_{number}")()
        huge.alias(f"huge_{number}")()
        one.alias(f"one_{number}")()


@op(tags={"dagflow/priority": "5"})
def urgent():
    return 1


@job
def ranked():
    one.alias("a")()
    urgent.alias("z")()


@failure_hook
def note_failure(context):
    context.log.info("hook saw %s", type(context.op_exception).__name__)


@job(hooks={note_failure})
def watched():
    raises_stubborn()


@asset
def water():
    return 1


@asset
def tea(water):
    return water + 1


def brewing():
    project = Project(assets=[water, tea], jobs=[define_asset_job("brewing")])
    return project.get_job_def("brewing")


@asset(partitions_def=DynamicPartitionsDefinition(name="cups"))
def cup():
    return list(sys.modules)


def pouring():
    project = Project(assets=[cup], jobs=[define_asset_job("pouring")])
    return project.get_job_def("pouring")


def fail_first(step_key, attempt):
    """Raise in the first attempt of a step: a fault for `run_options`."""
    if attempt == 1:
        raise ValueError(f"fault in {step_key}")
