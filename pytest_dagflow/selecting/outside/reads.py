"""The things outside of the code that blocks of code read, with their states, for the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from pytest_dagflow.selecting.outside.states import FILE, States, keys_by_site, package_keys
from pytest_dagflow.selecting.outside.watch import Watch


class Reads:
    """The reads of a session by block of code. Make it when the tests have run.

    A test that passed has run its code in this process, or used what the process had computed before. So the
    reads of its blocks are complete, without those of earlier sessions.

    Args:
        watch: The reads of the session.
        states: The states of things.
        block_at: Returns the id of the block around a line of a file; None for a file that has no blocks.
        files_named_in: Returns the paths of the existing files that string literals of blocks name.
    """

    def __init__(
        self,
        watch: Watch,
        states: States,
        block_at: Callable[[str, int], str | None],
        files_named_in: Callable[[Iterable[str]], Iterable[str]],
    ) -> None:
        self._watch = watch
        self._states = states
        self._block_at = block_at
        self._files_named_in = files_named_in

    @cached_property
    def _keys(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """The keys that each block read, and those that each test read without a block."""
        of_blocks: dict[str, set[str]] = {}
        of_tests: dict[str, set[str]] = {}
        for site, keys in keys_by_site(self._watch).items():
            block = self._block_at(site.filename, site.line) if site.filename else None
            if block is not None:
                of_blocks.setdefault(block, set()).update(keys)
            else:
                of_tests.setdefault(site.test, set()).update(keys)
        return of_blocks, of_tests

    def of_code(
        self, blocks: Iterable[str], modules: Iterable[str] = (), more: Iterable[str] = ()
    ) -> dict[str, str]:
        """Return the states of all that blocks of code depend on, by key.

        Args:
            blocks: The ids of the blocks to which a node or test leads.
            modules: The names of the modules that they import.
            more: Further keys, such as those of `dag_files`.
        """
        blocks = frozenset(blocks)
        of_blocks, of_tests = self._keys
        keys = {key for block in of_blocks.keys() & blocks for key in of_blocks[block]}
        # between tests the reader is unknown: it may be any code
        keys.update(of_tests.get("", ()), more, package_keys(modules))
        keys.update(FILE + path for path in self._files_named_in(blocks))
        return self._states.states_to_record(keys, self._watch)

    def of_test(self, test: str) -> dict[str, str]:
        """Return the states of what a test read without code of the project, as in a thread of a library."""
        return self._states.states_to_record(self._keys[1].get(test, ()), self._watch)
