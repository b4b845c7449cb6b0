"""The fixtures."""

from __future__ import annotations

import pytest


@pytest.fixture
def partition_key(request: pytest.FixtureRequest) -> str:
    """The partition key that the test runs for; `@pytest.mark.dag_partitions(...)` says which there are."""
    pytest.fail(
        f"{request.node.nodeid} takes 'partition_key', and nothing says which: mark it with "
        "@pytest.mark.dag_partitions(partitions_def_or_asset_or_job, ...)",
        pytrace=False,
    )
