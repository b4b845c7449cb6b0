"""Jobs for the tests of clusters: those of `process_jobs` on the dask executor, and some more."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import process_jobs
from process_jobs import FOLDER

from dagflow import (
    Config,
    DagflowInstance,
    RetryPolicy,
    build_reconstructable_job,
    dask_executor,
    graph,
    job,
    mem_io_manager,
    op,
)


def found(name):
    """Return a pointer to a job of this module or of `process_jobs`."""
    return build_reconstructable_job(
        "dask_jobs", "on_cluster", (name,), reconstructor_working_directory=FOLDER
    )


def on_cluster(name):
    """Return a job with the dask executor."""
    definition = globals().get(name) or getattr(process_jobs, name)
    return definition.graph.to_job(
        name=name, resource_defs=definition.resource_defs, executor_def=dask_executor
    )


class Notes(Config):
    """The files of a step.

    Attributes:
        folder: The folder of the files.
        attempts: The number of attempts that wait for a file "go"; the next one ends at once.
        is_deaf: Whether it waits where no interrupt reaches it.
    """

    folder: str
    attempts: int = 9
    is_deaf: bool = False


def note_and_wait(context, config):
    """Append the process and the attempt to a file, and wait."""
    folder = Path(config.folder)
    with open(folder / "notes", "a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {context.op.name} {context.retry_number}\n")
    if context.retry_number < config.attempts:
        if config.is_deaf:
            time.sleep(1_000)
        try:
            while not (folder / "go").exists():
                threading.Event().wait(0.01)
        except BaseException:
            (folder / "interrupted").touch()
            raise
    return os.getpid()


@op
def waits(context, config: Notes):
    return note_and_wait(context, config)


@op(retry_policy=RetryPolicy(max_retries=1))
def waits_again(context, config: Notes):
    return note_and_wait(context, config)


@job
def waiting():
    process_jobs.add_one.alias("behind")(waits())
    process_jobs.one()


@job
def waiting_alone():
    process_jobs.add_one.alias("behind")(waits())


@job
def waiting_again():
    process_jobs.add_one.alias("behind")(waits_again())


@op
def asks(context):
    instance = context.instance
    assert isinstance(instance, DagflowInstance)
    return instance.has_run(context.run_id)


@job
def asking():
    for number in range(3):
        asks.alias(f"asks_{number}")()


@op
def writes(context):
    sys.stdout.write(f"{context.op_handle} on stdout\n")
    sys.stderr.write(f"{context.op_handle} on stderr\n")


@job
def writing():
    for number in range(12):
        writes.alias(f"writes_{number}")()


@job
def outliving():
    process_jobs.add_one.alias("behind")(waits())
    process_jobs.one.alias("zz_after")()


@op(tags={"dagflow/step_timeout": "2"})
def short():
    threading.Event().wait(0.6)


@job
def queueing():
    for number in range(12):
        short.alias(f"short_{number}")()


@graph
def _forgetful():
    process_jobs.add_one(process_jobs.one())


forgetful = _forgetful.to_job(name="forgetful", resource_defs={"io_manager": mem_io_manager})


LEFT = []


class NoteConfig(Config):
    """The beginning of the paths of the files that a step writes."""

    note: str


@op
def leaves_work(config: NoteConfig):
    """Leave a thread that waits for a file "note.go", and a file that is not flushed."""

    def write():
        while not Path(f"{config.note}.go").exists():
            threading.Event().wait(0.02)
        Path(f"{config.note}.thread").write_text("finished", encoding="utf-8")

    threading.Thread(target=write, name="late", daemon=False).start()
    LEFT.append(open(f"{config.note}.file", "w", encoding="utf-8"))  # noqa: SIM115 - it stays open
    LEFT[0].write("finished")


@job
def leaving():
    leaves_work()
