"""The temporary git worktree with the files of a revision.

The repository of the user gets an administrative folder in `.git/worktrees` for the time of the session, and
nothing else: no ref, no config, no change of its index. The worktree is locked with the identity of its
process, so that a later session can remove it after a process that was killed.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from dagflow.testing import Process, is_alive, this_process
from pytest_dagflow.against.checkout import Checkout, is_inside, shown
from pytest_dagflow.against.filtered import Filtered
from pytest_dagflow.children import ending_at_sigterm
from pytest_dagflow.selecting.git import Git, RevisionError, first_line
from pytest_dagflow.selecting.revision import LINK, SUBMODULE, Revision
from pytest_dagflow.sequence.matchers import count

_PREFIX = "dag-against-"
_REASON = "pytest --dag-against, process "
_SECONDS = 1800.0
"""The time limit of a checkout."""
_UNITS = ("KB", "MB", "GB")


@contextmanager
def revision_folder(revision: Revision, root: Path) -> Iterator[Checkout]:
    """Make a temporary worktree with the files of a revision, and remove it at the end of the block.

    Args:
        revision: The revision.
        root: The root folder of the session.

    Raises:
        RevisionError: Git cannot make the worktree.
    """
    working = Path(revision.git.folder)
    real_root = Path(os.path.realpath(root))
    with ending_at_sigterm():
        try:
            folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")))
        except OSError as error:
            raise RevisionError(f"cannot make a temporary folder for the revision: {error}") from error
        making = _Making(revision, real_root, folder)
        try:
            top = folder / (working.name or "top")
            making.add(revision.git, working, top, revision.commit)
            root_there = top / real_root.relative_to(working)
            yield Checkout(top, root_there, working, real_root, making.notes())
        finally:
            making.remove()


def copy_ignored(checkout: Checkout, paths: Iterable[str]) -> list[str]:
    """Copy files that git ignores into a worktree, where it does not have them.

    Args:
        checkout: The worktree.
        paths: Files, relative to the root folder. Others than ignored files of the working tree are left out.

    Returns:
        Sentences about the copied files, and about those that are reached by a link out of the repository.

    Raises:
        RevisionError: A file cannot be copied.
    """
    copied: dict[str, int] = {}
    outside = []
    for path in _ignored(checkout, paths):
        if checkout.leads_outside(path):
            outside.append(path)
        else:
            copied[path] = checkout.put(path)
    notes = []
    if copied:
        are = "is" if len(copied) == 1 else "are"
        size = _size(sum(copied.values()))
        notes.append(
            f"{count(len(copied), 'file')} that git ignores {are} the same on both sides ({size}): "
            f"{shown(copied)}"
        )
    if outside:
        notes.append(
            f"{count(len(outside), 'file')} that git ignores cannot be copied, because a link leads out of "
            f"the repository: {shown(outside)}"
        )
    return notes


def _ignored(checkout: Checkout, paths: Iterable[str]) -> list[str]:
    """Return the files of the working tree that git ignores, and that the worktree does not have."""
    top = checkout.working_top
    names: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        full = Path(os.path.normpath(checkout.working_root / path))
        if is_inside(full, top) and full.is_file() and not checkout.has(path):
            names.setdefault(_before_link(full, top), []).append(path)
    if not names:
        return []
    git = Git(str(top))
    done = git.run(
        "check-ignore", "-z", "--stdin", given=b"".join(os.fsencode(name) + b"\0" for name in names)
    )
    if done.returncode <= 1:
        found = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    else:  # git answers for no path if one is in a submodule
        found = [name for name in names if not git.run("check-ignore", "-q", "--", name).returncode]
    return [path for name in found for path in names[name]]


def _before_link(path: Path, top: Path) -> str:
    """Return a path relative to the top folder, or the first link on its way: git knows nothing behind it."""
    parents = [one for one in reversed(path.parents) if one != top and one.is_relative_to(top)]
    link = next((one for one in parents if one.is_symlink()), path)
    return str(link.relative_to(top))


def _size(number: float) -> str:
    if number < 1000:
        return count(int(number), "byte")
    unit = next(unit for unit in _UNITS if (number := number / 1000) < 1000 or unit == _UNITS[-1])
    return f"{number:.1f} {unit}"


class _Entry(NamedTuple):
    """A path of a revision: its mode, the id of its object, and its name."""

    mode: str
    object: str
    path: str


class _Making:
    """The worktrees of one session: that of the repository, and those of its submodules.

    Args:
        revision: The revision.
        root: The root folder of the session, without links.
        folder: The temporary folder, which holds all of them.
    """

    def __init__(self, revision: Revision, root: Path, folder: Path) -> None:
        self._revision = revision
        self._root = root
        self._folder = folder
        self._repositories: list[Path] = []
        self._filtered = Filtered()
        self._empty: list[str] = []
        self._broken: list[str] = []

    def add(self, git: Git, working: Path, target: Path, commit: str, prefix: str = "") -> None:
        """Add a worktree, with its submodules.

        Args:
            git: The git commands in the working tree.
            working: The top folder of the working tree.
            target: The folder for the worktree.
            commit: The commit.
            prefix: The path of a submodule, with a slash at its end; empty for the repository itself.
        """
        common = Path(git.folder, os.fsdecode(git.output("rev-parse", "--git-common-dir").rstrip(b"\n")))
        common = Path(os.path.realpath(common))
        _remove_leftovers(common)
        self._repositories.append(common)
        self._run(git, target, commit)
        administration = next(one.folder for one in _worktrees(common) if one.top == target)
        (administration / "locked").write_text(_reason(), encoding="utf-8")
        inside = Git(str(target), str(administration))
        inside.forbid_filters()
        entries = list(_entries(inside))
        files = [os.fsencode(one.path) for one in entries if one.mode not in (LINK, SUBMODULE)]
        unchanged = () if prefix else self._unchanged(working)
        self._filtered.fill(inside, files, working, common, unchanged, prefix)
        for one in entries:
            if one.mode == LINK:
                self._lead_inside(working, target, one.path, prefix)
            elif one.mode == SUBMODULE:
                self._add_submodule(working / one.path, target / one.path, one.object, f"{prefix}{one.path}/")

    def _run(self, git: Git, target: Path, commit: str) -> None:
        # relative paths would be an entry in the config of the repository
        absolute = ("-c", "worktree.useRelativePaths=false")
        arguments = (*absolute, "worktree", "add", "--quiet", "--detach", str(target), commit)
        done = git.run(*arguments, seconds=_SECONDS)
        if done.returncode and b"could not create directory" in done.stderr:
            done = git.run(*arguments, seconds=_SECONDS)  # another session has just removed .git/worktrees
        if done.returncode:
            name = self._revision.reference
            raise RevisionError(
                f"git cannot write the files of '{name}' ({commit[:12]}) to a temporary worktree in "
                f"'{self._folder.parent}': {_error_line(done.stderr)}"
            )

    def _unchanged(self, working: Path) -> Iterator[str]:
        changed = self._revision.changed
        root = os.path.relpath(self._root, working)
        for path in self._revision.files:
            if path not in changed:
                yield os.path.normpath(os.path.join(root, path)).replace(os.sep, "/")

    def _lead_inside(self, working: Path, target: Path, path: str, prefix: str) -> None:
        """Let an absolute link into the working tree lead to the worktree, which may be written."""
        link = target / path
        if not link.is_symlink():  # where links are files
            return
        goal = os.path.normpath(os.readlink(link))
        if os.path.isabs(goal) and is_inside(goal, working):
            link.unlink()
            link.symlink_to(target / Path(goal).relative_to(working))
        elif not link.exists() and (working / path).exists():
            self._broken.append(prefix + path)

    def _add_submodule(self, working: Path, target: Path, commit: str, prefix: str) -> None:
        """Fill a submodule that the working tree has checked out."""
        git = Git(str(working))
        if not os.path.lexists(working / ".git"):
            is_same = working.is_dir() and not os.listdir(working)
            if not is_same:
                self._empty.append(prefix)
        elif git.run("cat-file", "-e", f"{commit}^{{commit}}").returncode:
            self._empty.append(prefix)
        else:
            git.forbid_filters()
            self.add(git, working, target, commit, prefix)

    def notes(self) -> list[str]:
        """Return what the reader of the report must know."""
        notes = [
            f"the submodule '{path[:-1]}' is empty on the revision, because the working tree lacks its commit"
            for path in self._empty
        ]
        notes += self._filtered.notes()
        if self._broken:
            links = count(len(self._broken), "link")
            notes.append(
                f"{links} out of the repository cannot be followed on the revision: {shown(self._broken)}"
            )
        return notes

    def remove(self) -> None:
        """Remove all worktrees: first the files, because a later session finds them by the rest."""
        _remove_folder(self._folder)
        for common in reversed(self._repositories):
            for one in _worktrees(common):
                if is_inside(one.top, self._folder):
                    _remove_administration(one.folder)


class _Worktree(NamedTuple):
    """A worktree of a repository: its administrative folder, and its top folder."""

    folder: Path
    top: Path


def _worktrees(common: Path) -> Iterator[_Worktree]:
    folder = common / "worktrees"
    with suppress(OSError):  # there is none
        for one in sorted(folder.iterdir()):
            with suppress(OSError):  # another session has just removed it
                text = (one / "gitdir").read_text(encoding="utf-8", errors="surrogateescape").strip()
                yield _Worktree(one, Path(os.path.normpath(one / text)).parent)


def _reason() -> str:
    return f"{_REASON}{json.dumps(this_process())}\n"


def _remove_leftovers(common: Path) -> None:
    """Remove the worktrees of earlier sessions whose process was killed."""
    for one in _worktrees(common):
        process = _process_of(one.folder)
        if process is not None and process.host == this_process().host and not _may_live(process):
            if one.top.parent.name.startswith(f"{_PREFIX}{process.pid}-"):
                _remove_folder(one.top.parent)
            _remove_administration(one.folder)


def _may_live(process: Process) -> bool:
    return not process.start or is_alive(process)  # without a start time nothing is known


def _process_of(administration: Path) -> Process | None:
    """Return the process that made a worktree; None for a worktree of the user."""
    try:
        reason = (administration / "locked").read_text(encoding="utf-8")
        return Process(*json.loads(reason[len(_REASON) :])) if reason.startswith(_REASON) else None
    except (OSError, ValueError, TypeError):
        return None


def _remove_administration(folder: Path) -> None:
    _remove_folder(folder)
    with suppress(OSError):  # the user has other worktrees
        folder.parent.rmdir()


def _remove_folder(folder: Path) -> None:
    """Remove a folder, also one in which a test has made a folder read-only."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for path, names, _ in os.walk(folder):
            for name in names:
                with suppress(OSError):
                    os.chmod(os.path.join(path, name), 0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _error_line(error: bytes) -> str:
    """Return the line of git that names the error."""
    lines = error.splitlines()
    found = [line for line in lines if line.startswith((b"fatal: ", b"error: "))]
    return first_line((found or lines or [b"unknown error"])[0]).removeprefix("error: ")


def _entries(git: Git) -> Iterator[_Entry]:
    for line in git.output("ls-files", "-z", "--stage").split(b"\0"):
        if line:
            description, _, path = line.partition(b"\t")
            mode, name, _ = description.decode().split()
            yield _Entry(mode, name, os.fsdecode(path))
