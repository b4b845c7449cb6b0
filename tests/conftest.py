"""What every test of this repository shares: pytester, and how many examples hypothesis tries."""

from __future__ import annotations

import importlib.util
import os

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# the comparison with another runtime needs that runtime: pip install -e ".[differential]"
collect_ignore = [] if importlib.util.find_spec("dagster") else ["differential"]
