"""A revision of the project in git, and the paths that differ between it and the working tree.

The revision is the merge base of a reference and HEAD. Git only lists objects and paths here. Contents of the
working tree are compared in Python, so that git starts no filter that a config names.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pytest_dagflow.selecting.git import Git, RevisionError, first_line

SUBMODULE, LINK = "160000", "120000"
"""The modes of entries that are no files."""
LFS = b"version https://git-lfs.github.com/spec/v1\n"
LFS_SIZE = 1024  # bytes; a pointer of git-lfs is never longer


class Entry(NamedTuple):
    """A file in the tree of a revision.

    Attributes:
        mode: Its mode in octal digits, such as `100644`.
        blob: The id of its content.
    """

    mode: str
    blob: str


@dataclass(frozen=True)
class Revision:
    """The merge base of a reference and HEAD, compared with the working tree.

    All paths are relative to the root folder of the session, with forward slashes; those of files of the
    repository outside of the root folder begin with `../`.

    Attributes:
        reference: The reference that the user named.
        commit: The id of the merge base.
        files: The files of the merge base by path.
        modified: The paths with another content in the working tree.
        deleted: The paths that the working tree lacks.
        added: The paths that the merge base lacks, untracked files included, without ignored ones.
        renamed: The new path of each deleted file whose content is that of an added file.
        submodules: The folders of the submodules, which are as in the merge base if they were compared.
    """

    reference: str
    commit: str
    files: dict[str, Entry]
    modified: frozenset[str]
    deleted: frozenset[str]
    added: frozenset[str]
    renamed: dict[str, str] = field(default_factory=dict)
    submodules: tuple[str, ...] = ()
    git: Git = field(repr=False, compare=False, kw_only=True)

    @property
    def changed(self) -> frozenset[str]:
        """The paths that differ in any way."""
        return self.modified | self.deleted | self.added

    def contents(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of files of the merge base, in one call of git.

        Raises:
            RevisionError: The repository lacks a content, as a partial clone does.
        """
        return self.git.contents({path: self.files[path].blob for path in paths if path in self.files})


def read_revision(root: str, reference: str, *, compares_repositories: bool = True) -> Revision:
    """Compare the merge base of a reference and HEAD with the working tree.

    Args:
        root: The root folder of the session, anywhere inside of the working tree.
        reference: A branch, tag or commit.
        compares_repositories: Whether the repositories inside of this one must be the same: its submodules,
            and untracked repositories. Otherwise they may differ, and their files are not compared.

    Raises:
        RevisionError: There is no git, no repository, no such revision or no merge base; or a repository
            inside of this one differs.
    """
    top, prefix = _place(root)
    git = Git(top)
    git.forbid_filters()
    commit = _merge_base(git, reference)
    names = _Names(top, prefix)
    tree = dict(_tree(git, commit, names))
    submodules = {path: entry for path, entry in tree.items() if entry.mode == SUBMODULE}
    files = {path: entry for path, entry in tree.items() if entry.mode != SUBMODULE}
    changes = _Changes(git, names, files, compares_repositories=compares_repositories)
    changes.find(commit)
    submodules.update(changes.submodules)
    for path, entry in sorted(submodules.items()) if compares_repositories else ():
        _check_submodule(os.path.join(root, path), path, entry.blob, reference)
    return Revision(
        reference,
        commit,
        files,
        frozenset(changes.modified),
        frozenset(changes.deleted),
        frozenset(changes.added),
        changes.renamed(),
        tuple(sorted(submodules)),
        git=git,
    )


def _place(root: str) -> tuple[str, str]:
    """Return the top folder of the working tree, and the path of the root folder below it."""
    done = Git(root).run("rev-parse", "--show-toplevel", "--show-prefix")
    error = first_line(done.stderr)
    if "not a git repository" in error or "in a work tree" in error:
        raise RevisionError(f"'{root}' is not in the working tree of a git repository")
    if done.returncode:
        raise RevisionError(f"git cannot read the repository: {error}")
    top, _, prefix = os.fsdecode(done.stdout).partition("\n")
    return top, prefix.rstrip("\n")


def _merge_base(git: Git, reference: str) -> str:
    if not reference or reference.startswith("-") or "\0" in reference:
        raise RevisionError(f"'{reference}' is not the name of a revision")
    ids = []
    for name in ("HEAD", reference):
        done = git.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if done.returncode:
            raise RevisionError(_unknown(git, name))
        ids.append(done.stdout.decode().strip())
    done = git.run("merge-base", *ids)
    base = done.stdout.decode().partition("\n")[0]
    if done.returncode or not base:
        if _is_shallow(git):
            raise RevisionError(
                f"the clone is shallow and lacks the merge base of '{reference}' and HEAD; fetch more of the "
                "history ('git fetch --unshallow', or 'fetch-depth: 0' in CI)"
            )
        raise RevisionError(f"'{reference}' and HEAD have no common commit")
    return base


def _unknown(git: Git, name: str) -> str:
    if name == "HEAD":
        return "the git repository has no commit"
    hint = "; the clone is shallow, so it may have to be fetched" if _is_shallow(git) else ""
    return f"git knows no revision '{name}'{hint}"


def _is_shallow(git: Git) -> bool:
    return git.run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


class _Names:
    """The paths of the repository, as paths relative to the root folder.

    Args:
        top: The top folder of the working tree.
        prefix: The root folder below it, with a slash at the end; "" if both are the same.
    """

    def __init__(self, top: str, prefix: str) -> None:
        self.top = top
        self._prefix = prefix
        self._parents = [part for part in prefix.split("/") if part]

    def relative(self, path: str) -> str:
        if path.startswith(self._prefix):
            return path[len(self._prefix) :]
        parts = path.split("/")
        common = 0
        while common < len(self._parents) and self._parents[common] == parts[common]:
            common += 1
        return "/".join([*[".."] * (len(self._parents) - common), *parts[common:]])

    def absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.top, self._prefix, path))


def _tree(git: Git, commit: str, names: _Names) -> Iterator[tuple[str, Entry]]:
    for line in _items(git.output("ls-tree", "-r", "-z", "--full-tree", commit)):
        description, _, path = line.partition("\t")
        mode, _, blob = description.split()
        yield names.relative(path), Entry(mode, blob)


def _items(output: bytes) -> list[str]:
    return [os.fsdecode(item) for item in output.split(b"\0") if item]


class _Changes:
    """The paths that differ between a tree and the working tree.

    Args:
        git: The git commands in the root folder.
        names: The names of paths.
        files: The files of the tree.
        compares_repositories: Whether an untracked repository is an error; otherwise it is left out.

    Attributes:
        modified: The paths with another content.
        deleted: The paths that the working tree lacks.
        added: The paths that the tree lacks.
        submodules: The submodules that differ from the tree in git's index.
    """

    def __init__(
        self, git: Git, names: _Names, files: dict[str, Entry], *, compares_repositories: bool
    ) -> None:
        self._compares_repositories = compares_repositories
        self.git = git
        self.names = names
        self.files = files
        self.modified: set[str] = set()
        self.deleted: set[str] = set()
        self.added: set[str] = set()
        self.submodules: dict[str, Entry] = {}

    def find(self, commit: str) -> None:
        """Find the changes: the candidates by git, and their contents in the working tree in Python."""
        arguments = ("--raw", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-abbrev")
        output = self.git.output("diff-index", *arguments, "--ignore-submodules=dirty", commit, "--")
        items = _items(output)
        candidates: list[str] = []
        for description, path in zip(items[::2], items[1::2], strict=True):
            old_mode, new_mode = description.removeprefix(":").split()[:2]
            name = self.names.relative(path)
            if SUBMODULE in (old_mode, new_mode):
                self.submodules[name] = self.files.pop(name, Entry(old_mode, ""))
            else:
                candidates.append(name)
        candidates += self._untracked()
        candidates += self._flagged()
        unsure = [name for name in dict.fromkeys(candidates) if not self._sort(name)]
        for name, pointer in self.git.contents({name: self.files[name].blob for name in unsure}).items():
            if not _is_content(self.names.absolute(name), pointer):
                self.modified.add(name)

    def _untracked(self) -> list[str]:
        paths = _items(self.git.output("ls-files", "-z", "--others", "--exclude-standard"))
        repositories = [path for path in paths if path.endswith("/")]
        for path in repositories:
            if self._compares_repositories:
                raise RevisionError(
                    f"the folder '{self.names.relative(path)}' is a git repository of its own, and its files "
                    "are not compared"
                )
        return [self.names.relative(path) for path in paths if path not in repositories]

    def _flagged(self) -> list[str]:
        """Return the files that git does not look at: those assumed unchanged, and those skipped."""
        found = []
        for item in _items(self.git.output("ls-files", "-z", "-v")):
            flag, _, path = item.partition(" ")
            name = self.names.relative(path)
            # a sparse working tree lacks the skipped files; they are as in the index
            if flag.islower() or (flag == "S" and os.path.lexists(self.names.absolute(name))):
                found.append(name)
        return [name for name in found if name not in self.submodules]

    def _sort(self, name: str) -> bool:
        """Sort a path into one of the sets; return False if its old content must be read first."""
        path = self.names.absolute(name)
        entry = self.files.get(name)
        is_there = os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path))
        if entry is None:
            if is_there:
                self.added.add(name)
        elif not is_there:
            self.deleted.add(name)
        elif (entry.mode == LINK) != os.path.islink(path):
            self.modified.add(name)
        else:
            return blob_of(path, entry.blob) == entry.blob
        return True

    def renamed(self) -> dict[str, str]:
        """Return the new path of each deleted file whose content is that of an added file."""
        if not self.deleted or not self.added:
            return {}
        sizes = len(self.files[next(iter(self.deleted))].blob)
        new = {blob_of(self.names.absolute(name), "0" * sizes): name for name in sorted(self.added)}
        found = {name: new.get(self.files[name].blob) for name in sorted(self.deleted)}
        return {old: name for old, name in found.items() if name is not None}


def blob_of(path: str, like: str) -> str:
    """Return the id that git gives to the content of a file, without any conversion.

    Args:
        path: The file, or a link.
        like: Another id of the repository; its length names the hash function.
    """
    try:
        content = os.fsencode(os.readlink(path)) if os.path.islink(path) else Path(path).read_bytes()
    except OSError:  # unreadable counts as changed
        return ""
    return _blob_id(content, len(like))


def _blob_id(content: bytes, length: int) -> str:
    digest = hashlib.sha1(usedforsecurity=False) if length == 40 else hashlib.sha256()
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    return digest.hexdigest()


def _is_content(path: str, old: bytes) -> bool:
    """Return whether a file has an old content: with other line ends, or as a file of git-lfs."""
    try:
        new = Path(path).read_bytes()
    except OSError:
        return False
    if old.startswith(LFS) and len(old) <= LFS_SIZE:
        return f"oid sha256:{hashlib.sha256(new).hexdigest()}\n".encode() in old
    return b"\0" not in old and new.replace(b"\r\n", b"\n") == old.replace(b"\r\n", b"\n")


def _check_submodule(folder: str, path: str, blob: str, reference: str) -> None:
    """Check that a submodule is as in the merge base. One that is not checked out has no file that counts.

    Raises:
        RevisionError: It differs.
    """
    if not os.path.isdir(folder) or not os.listdir(folder):
        return
    message = f"the submodule '{path}' differs from '{reference}', and its files are not compared"
    if not os.path.lexists(os.path.join(folder, ".git")):
        raise RevisionError(message)
    git = Git(folder)
    head = git.run("rev-parse", "--verify", "--quiet", "HEAD").stdout.decode().strip()
    if head != blob:
        raise RevisionError(message)
    inner = read_revision(folder, "HEAD")
    if inner.changed:
        raise RevisionError(message)
