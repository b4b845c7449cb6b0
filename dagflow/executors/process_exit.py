"""The end of a step process: the same as of any interpreter, but in a limited time.

User code may leave threads, `atexit` functions and unflushed files behind. An interpreter that ends waits for
threads that are not daemons, calls the functions, and flushes files when it deletes them. A step process
skips only the deletion of all objects, unless a file is still open for writing, because it costs some time.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import thread as pools
from contextlib import suppress
from time import monotonic
from types import FrameType

LIMIT = 60.0
"""The seconds that the end of a step process may take."""
SHORT_WAIT = 1.0
"""The seconds after which the end of a process is shown to the user."""
_FDS = next((path for path in ("/proc/self/fd", "/dev/fd") if os.path.isdir(path)), None)


def end_process(status: int, notify: Callable[[str], None], limit: float = LIMIT) -> None:
    """End this process, after everything that user code left behind.

    Args:
        status: The exit status.
        notify: Shows a message to the user, if the end takes long.
        limit: The maximum time of the end, in seconds.

    Raises:
        SystemExit: A file is open for writing. The interpreter then deletes all objects, and so flushes it.
    """
    ending = _Ending(notify, limit)
    try:
        threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - a forked process has to call it itself
        ending.awaited = "functions that are registered with atexit"
        atexit._run_exitfuncs()  # noqa: SLF001
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BaseException:
        os._exit(status)
    if not any(_files_for_writing()):
        os._exit(status)
    # from here the interpreter runs no handler, so the kernel ends it
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    gc.unfreeze()
    raise SystemExit(status)


def flush_files() -> None:
    """Flush all files, so that a forked process does not write the same content again."""
    if any(_files_for_writing()):
        for item in gc.get_objects():
            if issubclass(type(item), io.IOBase):
                with suppress(Exception):  # it is closed, or not writable
                    item.flush()


def finish_threads(seconds: float) -> list[str]:
    """Wait for the threads that are not daemons, and flush all files. For a process that others will end.

    The threads of a pool are left out: they end with the pool, which the process itself may still use.

    Args:
        seconds: The maximum time to wait.

    Returns:
        The names of the threads that have not finished.
    """
    end = monotonic() + seconds
    of_pools = pools._threads_queues  # noqa: SLF001 - there is no public way to recognize them
    threads = [thread for thread in _own_threads() if thread not in of_pools]
    for thread in threads:
        thread.join(max(0.0, end - monotonic()))
    flush_files()
    return [thread.name for thread in threads if thread.is_alive()]


class _Ending:
    """The time limit of the end of this process.

    Attributes:
        awaited: The description of the things that the process waits for; empty for threads.
        limit: The maximum time, in seconds.
        is_shown: Whether the user knows that the process waits.
    """

    def __init__(self, notify: Callable[[str], None], limit: float) -> None:
        self.awaited = ""
        self.limit = limit
        self.is_shown = limit <= SHORT_WAIT
        self._notify = notify
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, limit if self.is_shown else SHORT_WAIT)

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        awaited = self.awaited or f"its threads {', '.join(repr(thread.name) for thread in _own_threads())}"
        if self.is_shown:
            self._notify(f"was ended {self.limit:g} s after its step, although {awaited} had not finished")
            os._exit(1)  # not 0, so that the processes that it started end too
        self._notify(f"has run its step, and waits up to {self.limit:g} s for {awaited}")
        self.is_shown = True
        signal.setitimer(signal.ITIMER_REAL, self.limit - SHORT_WAIT)


def _own_threads() -> list[threading.Thread]:
    """Return the threads that keep an interpreter alive, without the main thread."""
    main = threading.main_thread()
    return [thread for thread in threading.enumerate() if not (thread.daemon or thread is main)]


def _files_for_writing() -> Iterator[int]:
    """Yield the descriptors of files and pipes that are open for writing, except for stdout and stderr."""
    import fcntl  # here, because systems without processes do not have it

    for name in () if _FDS is None else os.listdir(_FDS):
        fd = int(name)
        with suppress(OSError):  # the descriptor of the directory itself, which is closed again
            mode = os.fstat(fd).st_mode
            is_written = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
            if fd > 2 and is_written and (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
                yield fd
