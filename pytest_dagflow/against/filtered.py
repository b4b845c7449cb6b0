"""The contents that a git filter would write: those of git-lfs, and of filters of the project.

No filter is started. The content comes from the working tree, or from the store of git-lfs in the clone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_dagflow.against.checkout import is_inside, shown
from pytest_dagflow.selecting.git import Git
from pytest_dagflow.selecting.revision import LFS, LFS_SIZE
from pytest_dagflow.sequence.matchers import count

_OBJECT = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_BLOCK = 1 << 20


@dataclass
class Filtered:
    """The files of a revision with a git filter.

    Attributes:
        absent: The files of git-lfs whose content the clone does not have.
        stored: The files that are there as the repository stores them.
    """

    absent: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)

    def notes(self) -> Iterator[str]:
        """Return a sentence about each kind."""
        if self.absent:
            yield (
                f"the clone lacks the content of {count(len(self.absent), 'file')} of git-lfs, which the "
                f"revision has as pointers ('git lfs fetch' with its id loads them): {shown(self.absent)}"
            )
        if self.stored:
            yield (
                f"{count(len(self.stored), 'file')} with a git filter: the revision has the content that the "
                f"repository stores, because no filter is started: {shown(self.stored)}"
            )

    def fill(
        self,
        git: Git,
        paths: Iterable[bytes],
        working: Path,
        common: Path,
        unchanged: Iterable[str],
        prefix: str,
    ) -> None:
        """Write the contents of files with a filter into a worktree.

        Args:
            git: The git commands in the worktree.
            paths: The files of the worktree, relative to its top folder.
            working: The top folder of the working tree.
            common: The git directory.
            unchanged: The files that are the same in the working tree.
            prefix: The path of the repository before the names in notes, with a slash at its end.
        """
        given = b"".join(path + b"\0" for path in paths)
        parts = git.output("check-attr", "-z", "--stdin", "filter", given=given).split(b"\0")
        same = frozenset(unchanged)
        for raw, name in zip(parts[::3], parts[2::3], strict=False):
            if name in (b"unspecified", b"unset"):
                continue
            path = os.fsdecode(raw)
            target, source = Path(git.folder, path), working / path
            pointer = _pointer(target)
            if pointer is None and os.fsdecode(name) not in git.filters:
                continue
            if path in same and _is_file(source, working):
                shutil.copy2(source, target)
            elif pointer is None:
                self.stored.append(prefix + path)
            elif not _fill_pointer(target, source, pointer, common):
                self.absent.append(prefix + path)


def _fill_pointer(target: Path, source: Path, pointer: bytes, common: Path) -> bool:
    """Replace a pointer by its content; return False if it is absent."""
    found = _OBJECT.search(pointer)
    if found is None:
        return False
    digest = found[1].decode()
    for file in (source, common / "lfs" / "objects" / digest[:2] / digest[2:4] / digest):
        if file.is_file() and _digest(file) == digest:
            shutil.copy2(file, target)
            return True
    return _pointer(source) == pointer  # the working tree has the pointer too


def _is_file(path: Path, folder: Path) -> bool:
    return path.is_file() and is_inside(os.path.realpath(path), folder)


def _pointer(path: Path) -> bytes | None:
    """Return the pointer of git-lfs in a file; None for any other file."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LFS_SIZE:
        return None
    content = path.read_bytes()
    return content if content.startswith(LFS) else None


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
