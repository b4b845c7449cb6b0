"""The values of both sides as pickles: small ones in records, large ones in files under their digests."""

from __future__ import annotations

import os
import pickle
import re
import reprlib
import shutil
import tempfile
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from pytest_dagflow.against.neutral import Neutral, without_addresses
from pytest_dagflow.against.records import Value

MAX_BYTES = 500 * 2**20
"""The size of a pickle above which only its digest is kept."""
MAX_SECONDS = 60.0
"""The time after which a value counts as one that cannot be pickled."""
_PROTOCOL = 5
_IN_MEMORY = 8 * 2**20
_IN_RECORD = 4096
"""The size of a pickle above which it has a file. A file costs more time than most values of tests."""
_MAX_TEXT = 200
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ABSENT_NAME = re.compile(r"(?:Can't get attribute '([^']+)'|has no attribute '([^']+)')")


class _TooSlow(Exception):
    """The time to pickle a value is over."""


class _Sink:
    """The file of a pickle: it computes the digest, and keeps the bytes up to the limit.

    Attributes:
        hash: The hash of the bytes so far.
        size: Their number.
        has_folders: Whether they may have the name of a folder of this side.
    """

    def __init__(self, file: IO[bytes], neutral: Neutral, deadline: float) -> None:
        self._file = file
        self._neutral = neutral
        self._deadline = deadline
        self.has_folders = False
        self.hash = blake2b(digest_size=32)
        self.size = 0

    def write(self, part: Any) -> int:
        """Add a part of the pickle."""
        if time.monotonic() > self._deadline:
            raise _TooSlow
        self.hash.update(part)
        if not self.has_folders and type(part) is bytes:  # an array is not, and has no folder
            self.has_folders = self._neutral.may_change(part)
        length = memoryview(part).nbytes
        self.size += length
        if self.size <= MAX_BYTES:
            self._file.write(part)
        return length


class StoredValues:
    """The folder of the values. Several processes may write to it at once.

    Args:
        folder: The folder; it is created.
        neutral: The folders of this side, which the values do not show.
    """

    def __init__(self, folder: Path, neutral: Neutral) -> None:
        self._folder = folder
        self._neutral = neutral
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, value: object) -> Value:
        """Store a value, and return its record. A value that cannot be stored is recorded with the reason."""
        if issubclass(type(value), Iterator):
            return self._without_file(value, "it is an iterator, which can be read only once")
        try:
            return self._stored(value, time.monotonic() + MAX_SECONDS)
        except _TooSlow:
            return self._without_file(value, f"to pickle it takes more than {MAX_SECONDS:g} seconds")
        except OSError as error:
            if error.filename is None and error.errno is None:  # raised by the value
                return self._without_file(value, self._reason(error))
            return self._without_file(value, f"it cannot be stored: {self._neutral.text(str(error))}")
        except Exception as error:  # the class of a user may raise anything
            return self._without_file(value, self._reason(error))

    def _stored(self, value: object, deadline: float, is_neutral: bool = False) -> Value:
        type_name = type(value).__name__
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self._folder)) as file:
            sink = _Sink(file, self._neutral, deadline)
            pickle.Pickler(sink, _PROTOCOL).dump(value)
            if sink.has_folders and not is_neutral:
                neutral = self._neutral.value(value)
                if neutral is not value:
                    return self._stored(neutral, deadline, is_neutral=True)
            digest = sink.hash.hexdigest()
            if sink.size > MAX_BYTES:
                problem = f"its pickle has more than {MAX_BYTES // 2**20} MB, so only its digest is kept"
                return Value(digest, type_name, self._text(value), problem)
            if sink.size <= _IN_RECORD:
                file.seek(0)
                return Value(digest, type_name, content=b64encode(file.read()).decode("ascii"))
            self._write(digest, file)
        return Value(digest, type_name)

    def _write(self, digest: str, file: IO[bytes]) -> None:
        target = os.path.join(self._folder, digest)
        if os.path.exists(target):
            return
        part = f"{target}-{os.getpid()}-{threading.get_ident()}"
        file.seek(0)
        with open(part, "wb") as copy:
            shutil.copyfileobj(file, copy)
        os.replace(part, target)

    def _reason(self, error: Exception) -> str:
        shown = without_addresses(f"{type(error).__name__}: {_str(error)}".splitlines()[0])
        return f"it cannot be pickled: {self._neutral.text(shown)}"[:_MAX_TEXT]

    def _without_file(self, value: object, problem: str) -> Value:
        return Value("", type(value).__name__, self._text(value), problem)

    def _text(self, value: object) -> str:
        """Return a short text that does not depend on the process."""
        short = reprlib.Repr()
        short.maxstring = short.maxother = _MAX_TEXT
        try:
            text = short.repr(value)
        except Exception:  # the class of a user may raise anything
            text = f"<{type(value).__name__}>"
        return without_addresses(self._neutral.text(text))


def _str(error: Exception) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def load_value(folder: Path, value: Value) -> Any:
    """Return a value that `StoredValues` wrote.

    Args:
        folder: The folder of the values.
        value: The record of the value.

    Raises:
        ValueError: It has no file, the file is not the one that was written, or it cannot be loaded here.
    """
    if not _DIGEST.fullmatch(value.digest):
        raise ValueError(value.problem or f"'{value.digest}' is not the digest of a value")
    try:
        content = b64decode(value.content) if value.content else (folder / value.digest).read_bytes()
    except OSError as error:
        raise ValueError(value.problem or f"its file cannot be read: {error.strerror}") from None
    if blake2b(content, digest_size=32).hexdigest() != value.digest:
        raise ValueError("its file is damaged")
    try:
        return pickle.loads(content)
    except ModuleNotFoundError as error:
        raise ValueError(f"its module '{error.name}' does not exist in the working tree") from error
    except Exception as error:
        found = _ABSENT_NAME.search(_str(error)) if isinstance(error, AttributeError) else None
        if found is not None:
            name = found[1] or found[2]
            raise ValueError(f"its class '{name}' does not exist in the working tree") from error
        lines = _str(error).splitlines() or [""]
        raise ValueError(f"it cannot be loaded: {type(error).__name__}: {lines[0]}") from error
