"""A step as a task of a cluster: what runs in a worker, on one of its threads.

A process of a worker has one connection to the parent of each run, which all its threads use, and makes the
job and its plan once for each run. An interrupt is raised in the thread of a task as soon as it runs Python
code again: not before a wait or a computation outside of Python returns.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import pickle
import queue
import signal
import threading
from typing import Any

from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.stored import to_dict
from dagflow.executors.capture import captured
from dagflow.executors.reconstructable import load
from dagflow.executors.switchboard import ASK, DIE, Address, call
from dagflow.executors.wire import Outgoing, receive
from dagflow.executors.worker import Errand, Workplace, carry_out


def run_task(order: bytes) -> None:
    """Carry out a task, in a worker of the cluster, unless the parent says no. What is raised there is said
    to the parent; the worker goes on.

    Args:
        order: The name of the task, what there is to do (`Errand`, pickled by itself), and how the parent is
            reached; pickled, so that the scheduler sees nothing in it.

    Raises:
        OSError: The parent is not there, so that nothing was done.
    """
    name, errand, address = pickle.loads(order)
    link = _link_to(address)
    voice = link.begin(name)
    if voice is None:
        return
    try:
        place = link.workplace()
        told: Errand = pickle.loads(errand)
        paths = place.instance.captured_log_paths(place.assignment.run.run_id, told.file_key)
        with captured(paths):
            carry_out(place, told, voice)
    except BaseException as error:
        if not voice.is_over:
            voice("broken", to_dict(SerializableErrorInfo.from_exception(error)))
    finally:
        link.end(name)


class _Voice:
    """What the thread of a task says to the parent. By it the thread can be interrupted, but never in the
    middle of a message, and not after the last one.

    Attributes:
        is_over: Whether the last message is being said, or was.
    """

    def __init__(self, name: str, outgoing: Outgoing) -> None:
        self.name = name
        self._outgoing = outgoing
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._is_saying = self._is_pending = False
        self.is_over = False

    def __call__(self, kind: str, *content: Any) -> None:
        with self._lock:
            self._is_saying = True
            self.is_over = self.is_over or kind in ("ended", "broken")
        try:
            self._outgoing(kind, self.name, *content)
        finally:
            with self._lock:
                self._is_saying = False
                is_pending, self._is_pending = self._is_pending, False
        if is_pending:
            raise DagflowExecutionInterruptedError

    def interrupt(self) -> None:
        """Raise an interrupt in the thread, from another one."""
        with self._lock:
            if self._is_saying:
                self._is_pending = not self.is_over
            elif not self.is_over:
                raised = ctypes.py_object(DagflowExecutionInterruptedError)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), raised)


class _Link:
    """A process's connection to the parent of a run, for all tasks of the run in this process.

    Attributes:
        voices: Those of the tasks that are under way.
        is_over: Whether the parent is gone.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection, self._briefing = call(address)
        self._outgoing = Outgoing(self._connection)
        self._numbers = itertools.count()
        self._asked: dict[int, tuple[_Voice, queue.SimpleQueue[bool]]] = {}
        self.voices: dict[str, _Voice] = {}
        self.is_over = False
        self._lock = threading.Lock()
        self._place: Workplace | None = None
        threading.Thread(target=self._listen, name="dagflow-link", daemon=True).start()

    def begin(self, name: str) -> _Voice | None:
        """Ask the parent whether this thread may carry out a task. Returns None if not.

        Raises:
            ConnectionError: The parent is gone.
        """
        number, voice = next(self._numbers), _Voice(name, self._outgoing)
        answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._asked[number] = voice, answers
        if not self.is_over:
            self._outgoing(ASK, name, number)
            if answers.get():
                return voice
        if self.is_over:
            raise ConnectionAbortedError("the run is over")
        return None

    def workplace(self) -> Workplace:
        """What this process needs for each task of the run."""
        if self._place is None:
            with _importing:
                if self._place is None:
                    pointer, assignment = pickle.loads(self._briefing)
                    job = load(pointer)  # before what was pickled by the names of its module is read
                    self._place = Workplace(job, pickle.loads(assignment))
        return self._place

    def end(self, name: str) -> None:
        """A task is over."""
        with self._lock:
            del self.voices[name]
            self._close_place()

    def _close_place(self) -> None:
        if self.is_over and not self.voices and self._place is not None:
            self._place.close()

    def _listen(self) -> None:
        try:
            while True:
                self._obey(*json.loads(receive(self._connection)))
        except (OSError, EOFError):
            self._part()

    def _obey(self, what: str, *content: Any) -> None:
        if what == ASK:
            number, may_start = content
            voice, answers = self._asked.pop(number)
            if may_start:
                with self._lock:
                    self.voices[voice.name] = voice
            answers.put(may_start)
        elif what == DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            with self._lock:
                interrupted = self.voices.get(content[0])
            if interrupted is not None:
                interrupted.interrupt()

    def _part(self) -> None:
        """The parent is gone: nothing begins any more, and what is under way is asked to end."""
        with _linking:
            _links.pop(self._address, None)
        with self._lock:
            self.is_over = True
            self._connection.close()
            voices = list(self.voices.values())
            self._close_place()
        for _, answers in list(self._asked.values()):
            answers.put(False)
        for voice in voices:
            voice.interrupt()


_links: dict[Address, _Link] = {}
_linking = threading.Lock()
_importing = threading.Lock()  # of all runs: what one imports is half there for the other


def _link_to(address: Address) -> _Link:
    with _linking:
        if address not in _links:
            _links[address] = _Link(address)
        return _links[address]
