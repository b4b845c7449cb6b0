"""The start of `python -m dagflow.compat`."""

from __future__ import annotations

from dagflow.compat.command import run_command

if __name__ == "__main__":
    run_command()
