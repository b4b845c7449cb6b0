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

    def keys_of_block(self, block: str) -> frozenset[str]:
        """Return the keys of what the code of a block reads and of the files that it names.

        Args:
            block: The id of the block.
        """
        files = (FILE + path for path in self._files_named_in([block]))
        return frozenset((*self._keys[0].get(block, ()), *files))

    def of_code(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the states of all that code depends on, Python included, by key.

        Args:
            keys: The keys of its blocks, and others such as those of `dag_files`.
        """
        # between tests the reader is unknown: it may be any code
        of_any = {*self._keys[1].get("", ()), *package_keys(())}
        return self._states.states_to_record({*keys, *of_any}, self._watch)

    def of_test(self, test: str) -> dict[str, str]:
        """Return the states of what a test read without code of the project, as in a thread of a library."""
        return self._states.states_to_record(self._keys[1].get(test, ()), self._watch)
