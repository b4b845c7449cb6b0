"""The record of reads: the files, folders and variables that the code of the project reads in a session.

One audit hook sees every `open`, `os.listdir` and `os.scandir` of the process, and a wrapper sees every
variable that is read from `os.environ` by its name. Each read belongs to the nearest code of the project on
the stack. So a read counts for a function although it happened at an import, in a session fixture or behind
a cache. Reads by pytest and by imports do not count, nor do writes. What `shutil.rmtree` opens to delete it
does not count either: a temporary folder may be deleted at any time, also while other code runs.

A copy of `os.environ`, and an iteration over its items, count as no read.

Python cannot remove an audit hook. It is installed once for the process, and does nothing without a watch.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, ItemsView, Mapping, MutableMapping, ValuesView
from types import CodeType, FrameType
from typing import Any, NamedTuple

from pytest_dagflow.selecting.outside.places import Code, Places, is_excluded

_getframe = sys._getframe  # noqa: SLF001
_EVENTS = frozenset({"open", "os.listdir", "os.scandir"})
_ACCESS = os.O_RDONLY | os.O_WRONLY | os.O_RDWR
_MAX_FRAMES = 200
_GET = Mapping.get.__code__
_WHOLE_READERS: frozenset[CodeType] = frozenset(
    function.__code__
    for function in (ItemsView.__iter__, ValuesView.__iter__, MutableMapping.popitem, MutableMapping.update)
)
"""The code that reads each variable in turn: `items()`, `values()`, `clear()`, `update(os.environ)`."""
_SHUTIL = shutil.__file__
_DELETE = "rmtree"
"""A part of the names of the functions that delete a folder."""
_IGNORED_VARIABLES = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_", "PYTEST_VERSION")
"""Variables that pytest and xdist set, which differ in each test or worker."""


class Site(NamedTuple):
    """The code of the project that read something.

    Attributes:
        filename: The file name of its code; "" if no code of the project is on the stack of the read, as in
            a thread of a library. Such a read belongs to the test that runs.
        line: A line inside the block: the first line of a function, or the line of a module that is executed.
        test: The test that runs, if `filename` is "".
    """

    filename: str
    line: int
    test: str = ""


class Watch:
    """The reads of one session.

    Args:
        places: The folders of the session.

    Attributes:
        places: The folders of the session.
        environment: The variables at the start of the session.
        files: The readers of each file, by its path relative to the root folder.
        folders: The readers of the list of each folder, likewise.
        variables: The readers of each variable.
        stats: The modification time and size of each file when it was first read; None for a missing file.
        names: The names in each folder when it was first read.
        test: The id of the test that runs; "" between tests.
        failure: The error that ended the record of reads; None while it works.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.environment: dict[str, str] = dict(os.environ)
        self.files: dict[str, dict[Site, None]] = {}
        self.folders: dict[str, dict[Site, None]] = {}
        self.variables: dict[str, dict[Site, None]] = {}
        self.stats: dict[str, tuple[int, int] | None] = {}
        self.names: dict[str, tuple[str, ...] | None] = {}
        self.test = ""
        self.failure: Exception | None = None
        self._written: set[str] = set()
        self._sites: dict[CodeType, Site] = {}
        self._known_reads: set[tuple[CodeType, object]] = set()

    def see_path(self, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
        """Record the read of an audit event. A file that this session wrote before is no source."""
        path = _path_of(args[0])
        file = self.places.file_of(path) if path else ""
        if not file:
            return
        if event == "open" and _is_write(args[2]):
            if file not in self.files:
                self._written.add(file)
            return
        site = None if file in self._written else self._site_of(frame, is_variable=False)
        if site is None:
            return
        if event != "open":
            self._see_folder(file, site)
        elif file not in self.files:
            self._see_file(file, site)
        elif site not in self.files[file]:
            self.files[file][site] = None

    def _see_file(self, file: str, site: Site) -> None:
        path = os.path.join(self.places.root, file)
        if os.path.isdir(path):  # os.open(folder), to list it by its descriptor
            self._see_folder(file, site)
            return
        self.stats.setdefault(file, stat_of(path))
        self.files[file] = {site: None}

    def _see_folder(self, folder: str, site: Site) -> None:
        sites = self.folders.get(folder)
        if sites is not None:
            sites[site] = None
            return
        self.folders[folder] = {site: None}  # first, since the call below is an event too
        self.names[folder] = names_in(os.path.join(self.places.root, folder))

    def see_variable(self, key: str | bytes, frame: FrameType) -> None:
        """Record the read of a variable by its name."""
        code = frame.f_code
        if code is _GET and frame.f_back is not None:
            code = frame.f_back.f_code
        if (code, key) in self._known_reads or code in _WHOLE_READERS:
            return
        if (frame.f_code, frame.f_lasti) in _copying:
            return
        name = os.fsdecode(key)
        site = None if name.startswith(_IGNORED_VARIABLES) else self._site_of(frame, is_variable=True)
        if site is not None:
            self.variables.setdefault(name, {})[site] = None
            if code in self._sites:  # code of the project reads it itself, so its site is always the same
                self._known_reads.add((code, key))

    def _site_of(self, frame: FrameType | None, *, is_variable: bool) -> Site | None:
        """Return the nearest code of the project on a stack; None if the read does not count."""
        code_of = self.places.code_of
        is_reader = True  # nothing but transparent code lies between the read and this frame
        for _ in range(_MAX_FRAMES):
            if frame is None:
                break
            code = frame.f_code
            owner = code_of(code.co_filename)
            if owner is Code.PROJECT:
                return self._site_in(code, frame)
            if owner is Code.PYTEST or owner is Code.LINES:
                return None
            if owner is Code.DOCTEST:
                break
            if _DELETE in code.co_name and code.co_filename == _SHUTIL:
                return None
            if is_variable and is_reader and owner in (Code.STANDARD, Code.RUNTIME):
                return None
            is_reader = is_reader and owner is Code.TRANSPARENT
            frame = frame.f_back
        return Site("", 0, self.test)

    def _site_in(self, code: CodeType, frame: FrameType) -> Site:
        site = self._sites.get(code)
        if site is None:
            if code.co_name == "<module>":
                return Site(code.co_filename, frame.f_lineno)
            site = self._sites[code] = Site(code.co_filename, code.co_firstlineno)
        return site


def _path_of(given: Any) -> str:
    """Return the path in an audit event; "" for a file descriptor."""
    if isinstance(given, str):
        return given
    if isinstance(given, bytes):
        return os.fsdecode(given)
    return "." if given is None else ""


def _is_write(flags: Any) -> bool:
    """Return whether a file is opened without reading what it holds."""
    if not isinstance(flags, int):
        return False
    access = flags & _ACCESS
    return access == os.O_WRONLY or (access == os.O_RDWR and bool(flags & (os.O_TRUNC | os.O_EXCL)))


def stat_of(path: str) -> tuple[int, int] | None:
    """Return the modification time and size of a file; None if it is missing."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # missing, or a name that no file can have
        return None
    return found.st_mtime_ns, found.st_size


def names_in(folder: str) -> tuple[str, ...] | None:
    """Return the sorted names in a folder without caches; None if it is missing."""
    try:
        names = os.listdir(folder)
    except (OSError, ValueError):  # missing, or a name that no folder can have
        return None
    return tuple(sorted(name for name in names if not is_excluded(name)))


_watches: list[Watch] = []
"""The watches of the sessions of this process, of which the last one sees the reads."""
_is_hook_installed = False
_original_read: Callable[[Any, Any], Any] | None = None
_copying: set[tuple[CodeType, int]] = set()
"""The instructions that asked for the names of all variables, as `dict(os.environ)` does for a copy."""


def current_watch() -> Watch | None:
    """Return the watch that records now; None if there is none."""
    return _watches[-1] if _watches else None


def start_watch(places: Places) -> Watch:
    """Start to record the reads of this process, until `stop_watch`."""
    global _is_hook_installed
    watch = Watch(places)
    if not _is_hook_installed:
        sys.addaudithook(_see_event)
        _is_hook_installed = True
    _watches.append(watch)
    _patch_environment()
    return watch


def stop_watch(watch: Watch) -> None:
    """Stop to record; an outer session records again."""
    if watch in _watches:
        _watches.remove(watch)
    if not _watches:
        _restore_environment()


def _see_event(event: str, args: tuple[Any, ...]) -> None:
    if _watches and event in _EVENTS:
        watch = _watches[-1]
        try:
            watch.see_path(event, args, _getframe(1))
        except Exception as error:  # an error in an audit hook would end the `open` of the user's code
            watch.failure = watch.failure or error


def _patch_environment() -> None:
    """Replace `__getitem__` of the class of `os.environ`, so that the object and its class stay the same.

    All reads by name call it: `os.getenv`, `get`, `in`, `setdefault`.
    """
    global _original_read
    if _original_read is not None:
        return
    environment: Any = type(os.environ)
    read = _original_read = environment.__getitem__

    def __getitem__(self: Any, key: Any) -> Any:
        __tracebackhide__ = True
        if _watches and isinstance(key, (str, bytes)):
            watch = _watches[-1]
            try:
                watch.see_variable(key, _getframe(1))
            except Exception as error:  # as for files
                watch.failure = watch.failure or error
        return read(self, key)

    def keys(self: Any) -> Any:
        frame = _getframe(1)
        _copying.add((frame.f_code, frame.f_lasti))
        return MutableMapping.keys(self)

    environment.__getitem__ = __getitem__
    environment.keys = keys


def _restore_environment() -> None:
    global _original_read
    environment: Any = type(os.environ)
    # without a watch the wrapper is harmless, so it stays under the patch of another tool
    if _original_read is not None and environment.__getitem__.__module__ == __name__:
        environment.__getitem__ = _original_read
        del environment.keys
        _original_read = None
        _copying.clear()
