"""The files of a revision in a temporary worktree, and the changes of single files in it.

Nothing here writes outside of the worktree, and no file of it is a link into the working tree.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pytest_dagflow.selecting.git import RevisionError

_SHOWN = 5


@dataclass(frozen=True)
class Checkout:
    """The files of a revision in a temporary worktree.

    Attributes:
        top: The top folder of the worktree.
        root: The folder in it that corresponds to the root folder of the session.
        working_top, working_root: The same folders of the working tree, without links.
        notes: What the reader of the report must know, a sentence each.
    """

    top: Path
    root: Path
    working_top: Path
    working_root: Path
    notes: list[str] = field(default_factory=list)
    _replaced: dict[str, list[tuple[Path, Path]]] = field(default_factory=dict, repr=False, compare=False)

    def has(self, path: str) -> bool:
        """Return whether the worktree has a file or link.

        Args:
            path: Relative to the root folder.
        """
        return os.path.lexists(self.root / path)

    def leads_outside(self, path: str) -> bool:
        """Return whether a link leads out of the working tree, or out of the worktree, on the way to a file.

        Args:
            path: Relative to the root folder.
        """
        source, target = (Path(os.path.normpath(root / path)) for root in (self.working_root, self.root))
        is_source_inside = is_inside(os.path.realpath(source), self.working_top)
        return not (is_source_inside and is_inside(os.path.realpath(target.parent), self.top))

    def put(self, path: str) -> int:
        """Copy a file of the working tree into the worktree, and return its size.

        A link is copied as the file that it leads to.

        Args:
            path: Relative to the root folder. No link on its way leads outside.

        Raises:
            RevisionError: It cannot be copied, because the disk is full for example.
        """
        target = self._target(path)
        parents = [one for one in target.parents if one != self.top and is_inside(one, self.top)]
        self._move_away(path, [target, *(one for one in parents if not one.is_dir())])
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.working_root / path, target)
        except OSError as error:
            raise RevisionError(
                f"cannot copy '{path}' to the revision in '{self.top}': {error.strerror or error}"
            ) from error
        return target.stat().st_size

    def remove(self, path: str) -> None:
        """Remove a file from the worktree, if it is there.

        Args:
            path: Relative to the root folder. No link on its way leads outside.
        """
        self._move_away(path, [self._target(path)])

    def reset(self, path: str) -> None:
        """Put the file of the revision back after `put` or `remove`.

        Args:
            path: Relative to the root folder.
        """
        if path not in self._replaced:
            return
        target = self._target(path)
        if os.path.lexists(target):
            _remove(target)
        for original, kept in reversed(self._replaced.pop(path)):
            original.parent.mkdir(parents=True, exist_ok=True)
            kept.rename(original)
        _remove_compiled(target)

    def _target(self, path: str) -> Path:
        return Path(os.path.normpath(self.root / path))

    def _move_away(self, path: str, places: Iterable[Path]) -> None:
        """Clear the places that a path needs; what the revision has there is kept for `reset`."""
        is_of_revision = path not in self._replaced
        replaced = self._replaced.setdefault(path, [])
        for place in places:
            if os.path.lexists(place) and is_of_revision:
                kept = Path(tempfile.mkdtemp(prefix="replaced-", dir=self.top.parent), place.name)
                place.rename(kept)
                replaced.append((place, kept))
            elif os.path.lexists(place):
                _remove(place)
        _remove_compiled(self._target(path))


def is_inside(path: str | Path, folder: Path) -> bool:
    """Return whether a normalized path is a folder, or is below it."""
    return Path(path).is_relative_to(folder)


def shown(paths: Iterable[str]) -> str:
    """Return the first of some paths as a text.

    Example:
        >>> shown(["b", "a"])
        'a, b'
        >>> shown("abcdefg")
        'a, b, c, d, e and 2 more'
    """
    names = sorted(paths)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _remove_compiled(path: Path) -> None:
    """Remove the bytecode of a module. Python takes it for a text with the same size and second."""
    if path.suffix == ".py":
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink(missing_ok=True)
