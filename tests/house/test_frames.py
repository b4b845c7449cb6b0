"""Tests of the distance between a call and the user's code: the frames that a debugger shows."""

from __future__ import annotations

import inspect

from dagflow import asset, build_op_context, job, materialize_to_memory, op

seen: list[list[str]] = []


def note_our_frames() -> None:
    """Record the functions of dagflow on the stack, outermost first."""
    frame = inspect.currentframe()
    names = []
    while frame is not None:
        if frame.f_globals.get("__name__", "").split(".")[0] == "dagflow":
            names.append(frame.f_code.co_name)
        frame = frame.f_back
    seen.append(names[::-1])


@asset
def water() -> None:
    """Record the frames around an asset."""
    note_our_frames()


@op
def boil() -> None:
    """Record the frames around an op."""
    note_our_frames()


@job
def kitchen() -> None:
    """Run one op."""
    boil()


def test_frames_of_materialize_to_memory() -> None:
    """Six frames are between `materialize_to_memory` and the body of an asset."""
    materialize_to_memory([water])

    assert len(seen[-1]) == 6, seen[-1]


def test_frames_of_execute_in_process() -> None:
    """Seven frames are between `job.execute_in_process` and the body of an op."""
    kitchen.execute_in_process()

    assert len(seen[-1]) == 7, seen[-1]


def test_frames_of_a_direct_call() -> None:
    """Three frames are between a direct call and the body of an op."""
    boil(build_op_context())

    assert len(seen[-1]) == 3, seen[-1]
