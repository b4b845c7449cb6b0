"""The git commands in a repository.

None of them fetches, or starts another program that a config names: no file system monitor, no hook. They
only read, apart from those of the temporary worktree of `--dag-against`.
"""

from __future__ import annotations

import os
import subprocess

_TIMEOUT = 60  # seconds for each command
_OPTIONS = (
    "--no-optional-locks",
    *("-c", "core.fsmonitor="),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.allow=never"),
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
_LOCAL_VARIABLES = frozenset(
    ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_EXTERNAL_DIFF", "GIT_INDEX_FILE")
) | {"GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_WORK_TREE"}
"""Variables that git sets for its hooks. They would redirect a command to another repository or index."""


class RevisionError(Exception):
    """A revision that cannot be compared with the working tree. The message is one sentence."""


class Git:
    """The git commands in a folder. None of them starts another program.

    Args:
        folder: The folder in which the commands run.
        repository: The git directory, if the folder is its working tree; default: git searches it.

    Attributes:
        filters: The names of the filters that a config has, after `forbid_filters`.
    """

    def __init__(self, folder: str, repository: str = "") -> None:
        self.folder = folder
        self.filters: frozenset[str] = frozenset()
        self._environment = {
            name: value for name, value in os.environ.items() if name not in _LOCAL_VARIABLES
        } | _ENVIRONMENT
        if repository:
            self._environment |= {"GIT_DIR": repository, "GIT_WORK_TREE": folder}

    def run(
        self, *arguments: str, given: bytes = b"", seconds: float = _TIMEOUT
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command and return its output, whatever its exit code is.

        Raises:
            RevisionError: Git is missing, or the command takes longer than its seconds.
        """
        command = ("git", *_OPTIONS, *arguments)
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=self._environment,
                input=given,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            raise RevisionError("git is not installed, or not in PATH") from None
        except OSError as error:
            raise RevisionError(f"git does not start: {error.strerror}") from error
        except subprocess.TimeoutExpired:
            raise RevisionError(f"'git {arguments[0]}' takes longer than {seconds:g} seconds") from None

    def output(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run a command and return its output.

        Raises:
            RevisionError: The command fails; the message has the first line of its error.
        """
        done = self.run(*arguments, given=given)
        if done.returncode:
            raise RevisionError(f"'git {arguments[0]}' fails: {first_line(done.stderr)}")
        return done.stdout

    def forbid_filters(self) -> None:
        """Switch off the filters of file contents that a config names.

        Git would start them to compare a file whose time is that of the index, and to write a file.
        """
        pattern = r"^filter\..*\.(clean|smudge|process|required)$"
        done = self.run("config", "-z", "--name-only", "--get-regexp", pattern)
        keys = [key for key in os.fsdecode(done.stdout).split("\0") if key]
        self.filters = frozenset(key.partition(".")[2].rpartition(".")[0] for key in keys)
        count = self._environment.get("GIT_CONFIG_COUNT", "")
        first = int(count) if count.isdigit() else 0
        for number, key in enumerate(dict.fromkeys(keys), first):
            self._environment[f"GIT_CONFIG_KEY_{number}"] = key
            self._environment[f"GIT_CONFIG_VALUE_{number}"] = "false" if key.endswith(".required") else ""
            self._environment["GIT_CONFIG_COUNT"] = str(number + 1)

    def contents(self, blobs: dict[str, str]) -> dict[str, bytes]:
        """Return the content of each blob, by the key of its id.

        Raises:
            RevisionError: The repository lacks a blob.
        """
        if not blobs:
            return {}
        given = "".join(f"{blob}\n" for blob in blobs.values()).encode()
        output = self.run(
            "cat-file", "--batch", given=given
        ).stdout  # it fails at the first content that is missing
        found, start = {}, 0
        for key, blob in blobs.items():
            end = output.find(b"\n", start)
            header = output[start:end].split()
            if end < 0 or len(header) != 3:
                raise RevisionError(
                    f"the clone lacks the content of '{key}' ({blob[:12]}); fetch without '--filter'"
                )
            size = int(header[2])
            found[key] = output[end + 1 : end + 1 + size]
            start = end + 1 + size + 1
        return found


def first_line(error: bytes) -> str:
    """Return the first line of what git writes about an error, without its prefix."""
    lines = error.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else ""
