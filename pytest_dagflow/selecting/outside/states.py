"""The states of files, folders, variables and packages, and their differences from recorded states.

A thing outside of the code has a key, such as `file:data/x.csv`, and a state, a short string. A record keeps
the states of one session. The next session compares them with the things as they are then.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_dagflow.selecting.outside.globs import files_matching
from pytest_dagflow.selecting.outside.packages import PYTHON, version_of, versions_of
from pytest_dagflow.selecting.outside.places import Places
from pytest_dagflow.selecting.outside.watch import Site, Watch, names_in, stat_of

FILE, FOLDER, GLOB, VARIABLE, PACKAGE = "file:", "folder:", "glob:", "env:", "package:"
"""The kinds of things: each key begins with one of them."""
MISSING = "missing"
"""The state of a file or folder that does not exist, and of a variable that is not set."""
UNSTABLE = "unstable"
"""The state of a file that changed after it was read, so its content at the read is unknown."""
_DIGEST_SIZE = 16
_FACETS = {FILE: "files", FOLDER: "files", GLOB: "files", VARIABLE: "env", PACKAGE: "packages"}

_SUBJECTS = {
    FILE: "file ",
    FOLDER: "the list of folder ",
    GLOB: "the list of files ",
    VARIABLE: "variable ",
}


class Difference(NamedTuple):
    """One thing outside of the code that differs from its recorded state.

    Attributes:
        key: The key of the thing.
        facet: The facet of `changed()`: `files`, `env` or `packages`.
        reason: The difference in words, such as `pandas 2.2.1 -> 2.2.2`.
    """

    key: str
    facet: str
    reason: str


class States:
    """The current states of things outside of the code.

    Args:
        places: The folders of the session.
        environment: The variables at the start of the session.
    """

    def __init__(self, places: Places, environment: Mapping[str, str]) -> None:
        self.places = places
        self.environment = environment
        self._salt = secrets.token_hex(8)
        self._digests: dict[str, tuple[tuple[int, int] | None, str]] = {}

    def states_to_record(self, keys: Iterable[str], watch: Watch | None = None) -> dict[str, str]:
        """Return the states of things as the session read them.

        Args:
            keys: The keys of the things.
            watch: The reads of the session. A file that changed since its first read has the state UNSTABLE.
        """
        return {key: self._state_at_read(key, watch) for key in sorted(keys)}

    def _state_at_read(self, key: str, watch: Watch | None) -> str:
        kind, name = split_key(key)
        if watch is not None and kind == FILE and name in watch.stats:
            state = self.state(key)  # first: a file that changes after the check gets its old digest at least
            is_stable = watch.stats[name] == stat_of(self._path(name))
            return state if is_stable else UNSTABLE
        if watch is not None and kind == FOLDER and name in watch.names:
            return _digest_of_names(watch.names[name])
        return self.state(key)

    def state(self, key: str, recorded: str = "") -> str:
        """Return the state of one thing now.

        Args:
            key: The key of the thing.
            recorded: The recorded state, with the salt of its hash if the thing is a variable.
        """
        kind, name = split_key(key)
        if kind == FILE:
            return self._digest(name)
        if kind == FOLDER:
            return _digest_of_names(names_in(self._path(name)))
        if kind == GLOB:
            return _digest_of_names(files_matching(self.places.root, name))
        if kind == VARIABLE:
            value = self.environment.get(name)
            salt = recorded.partition("$")[0] if "$" in recorded else self._salt
            return MISSING if value is None else _hash_variable(name, value, salt)
        return version_of(name) or MISSING

    def differences(self, recorded: Mapping[str, str]) -> list[Difference]:
        """Return the things whose state differs from the recorded one, sorted by key."""
        found = []
        for key, old in sorted(recorded.items()):
            new = self.state(key, old)
            if new != old:
                found.append(Difference(key, _FACETS[split_key(key)[0]], _reason(key, old, new)))
        return found

    def _path(self, name: str) -> str:
        return os.path.join(self.places.root, name)

    def _digest(self, name: str) -> str:
        """Return the digest of a file. The same digest serves until its time or size changes."""
        path = self._path(name)
        stat = stat_of(path)
        known = self._digests.get(name)
        if known is None or known[0] != stat:
            known = self._digests[name] = stat, MISSING if stat is None else digest_of_file(path)
        return known[1]


def split_key(key: str) -> tuple[str, str]:
    """Return the kind and the name in a key.

    Example:
        >>> split_key("file:data/x.csv")
        ('file:', 'data/x.csv')
    """
    kind, colon, name = key.partition(":")
    return kind + colon, name


def package_keys(modules: Iterable[str]) -> list[str]:
    """Return the keys of Python and of the distributions that have the modules.

    Example:
        >>> package_keys(["yaml.nodes", "os"])
        ['package:python', 'package:PyYAML']
    """
    return [PACKAGE + name for name in versions_of(modules)]


def glob_keys(root: str, globs: Iterable[str]) -> set[str]:
    """Return the keys of the files that globs match, and of the lists of these files.

    With the key of its list, a new file is a difference too.
    """
    patterns = list(globs)
    files = {FILE + name for pattern in patterns for name in files_matching(root, pattern)}
    return files | {GLOB + pattern for pattern in patterns}


def keys_by_site(watch: Watch) -> dict[Site, set[str]]:
    """Return the keys of all things that each piece of code read."""
    found: dict[Site, set[str]] = {}
    for kind, reads in ((FILE, watch.files), (FOLDER, watch.folders), (VARIABLE, watch.variables)):
        for name, sites in list(reads.items()):
            for site in list(sites):
                found.setdefault(site, set()).add(kind + name)
    return found


def digest_of_file(path: str) -> str:
    """Return the digest of the content of a file; MISSING if it cannot be read."""
    digest = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    try:
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        return f"{MISSING}: {error.strerror}" if not isinstance(error, FileNotFoundError) else MISSING
    return digest.hexdigest()


def _digest_of_names(names: Iterable[str] | None) -> str:
    if names is None:
        return MISSING
    # file names may hold bytes that are no text
    joined = "\0".join(names).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(joined, digest_size=_DIGEST_SIZE).hexdigest()


def _hash_variable(name: str, value: str, salt: str) -> str:
    """Return the salt and the salted hash, so that records of several sessions can be merged."""
    content = f"{salt}\0{name}\0{value}".encode("utf-8", "surrogateescape")
    return f"{salt}${hashlib.blake2b(content, digest_size=8).hexdigest()}"


def _reason(key: str, old: str, new: str) -> str:
    kind, name = split_key(key)
    if kind == PACKAGE:
        return f"{'Python' if name == PYTHON else name} {old} -> {new}"
    subject = _SUBJECTS[kind] + name
    if old == UNSTABLE:
        return f"{subject} changed in the session that recorded it"
    if old == MISSING:
        return f"{subject} is new" if kind != VARIABLE else f"{subject} is set"
    if new == MISSING:
        return f"{subject} is missing" if kind != VARIABLE else f"{subject} is not set"
    return f"{subject} changed"
