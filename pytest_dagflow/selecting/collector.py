"""The pause of the garbage collector, during work that keeps nearly all that it allocates."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the collector, which would walk through all collected tests and blocks of code many times.

    Objects without a cycle are freed as always. The collector is on again afterwards if it was on before.
    It then counts the new objects as old, and does not walk through all of them at once.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():  # else `unfreeze` would undo the freeze of another program
                gc.freeze()
                gc.unfreeze()  # moves all objects to the oldest generation
            gc.enable()
