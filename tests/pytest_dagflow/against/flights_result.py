"""A comparison of a pipeline of flights with an earlier revision, by hand: each kind of change once."""

from __future__ import annotations

from typing import Any

from pytest_dagflow.against.result import (
    AgainstResult,
    Cell,
    ColumnChange,
    Difference,
    NodeChange,
    Outcome,
    TableChange,
)

TESTS = [f"tests/test_flights.py::test_month[2013-{month:02}]" for month in range(1, 6)]
COMMIT = "3fa2b8c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6"


def enriched_table(name: str = "late") -> TableChange:
    """Return the difference of the table of flights."""
    return TableChange(
        keys=("tailnum", "time_hour"),
        is_key_found=True,
        height=(9893, 9901),
        added=8,
        removed=0,
        changed=312,
        added_rows=("tailnum=N14228, time_hour=2013-01-01 05:00, origin=EWR, dest=IAH, late=True",) * 3,
        removed_rows=(),
        columns=(
            ColumnChange(
                "arr_delay",
                312,
                14.5,
                (
                    Cell("N14228, 2013-01-01 05:00", "12.0", "26.5"),
                    Cell("N24211, 2013-01-01 05:00", "-3.0", "9.0"),
                    Cell("N619AA, 2013-01-02 17:00", "0.0", "1.5"),
                    Cell("N619AA, 2013-01-03 17:00", "0.0", "0.5"),
                ),
            ),
            ColumnChange(name, 41, None, (Cell("N14228, 2013-01-01 05:00", "False", "True"),)),
        ),
        new_columns=("carrier_name",),
        gone_columns=(),
        types=(("distance", "int64", "float64"),),
        notes=("the order of the rows differs",),
    )


def flights(**changes: Any) -> AgainstResult:
    """Return the comparison; keyword arguments replace its attributes."""
    values: dict[str, Any] = {
        "reference": "main",
        "commit": COMMIT,
        "nodes": nodes_of_flights(),
        "edges": [
            ("asset planes", "asset enriched_flights"),
            ("asset departures", "asset enriched_flights"),
            ("asset enriched_flights", "asset punctuality"),
            ("asset enriched_flights", "check enriched_flights:late_share"),
            ("asset punctuality", "asset ranking"),
            ("asset punctuality", "asset carriers"),
            ("asset departures", "asset delays_by_hour"),
            ("asset departures", "asset sample"),
            ("asset sample", "asset sample_size"),
            ("asset planes", "asset fleet"),
            ("asset weather", "asset delays_by_hour"),
        ],
        "new_edges": [("asset planes", "asset enriched_flights")],
        "gone_edges": [("asset weather", "asset delays_by_hour")],
        "compared": 34,
        "of_revision": ["tests/test_flights.py::test_raw_delays"],
        "not_compared": {"tests/test_web.py::test_download": "it needs the network, and was skipped"},
        "outcomes": [Outcome("tests/test_flights.py::test_late_share", "passed", "failed")],
        "unused": ["the expected difference of 'planes' did not happen: 'new registrations'"],
        "notes": ["the submodule 'data' has the files of the working tree on both sides"],
        "seconds": (4.2, 5.15),
    }
    return AgainstResult(**{**values, **changes})


def nodes_of_flights() -> list[NodeChange]:
    """Return the nodes of the pipeline."""
    return [
        NodeChange("asset departures", "flights/tables.py:12", compared=5, seconds=(0.4, 0.41)),
        NodeChange("asset planes", "flights/tables.py:30", compared=5, seconds=(0.1, 0.1)),
        NodeChange("asset weather", "flights/tables.py:36"),
        NodeChange(
            "asset enriched_flights",
            "flights/tables.py:58",
            code=("code",),
            details=("function enriched_flights", "function is_late in flights/delays.py"),
            differences=[
                Difference(
                    "output",
                    "",
                    "312 of 9,893 rows differ, mostly in 'arr_delay'",
                    (),
                    enriched_table(),
                    TESTS,
                ),
                Difference("metadata", "rows", "9,893 -> 9,901", tests=TESTS),
            ],
            parents=(("asset departures",), ("asset departures", "asset planes")),
            compared=5,
            seconds=(0.2, 0.96),
        ),
        NodeChange(
            "check enriched_flights:late_share",
            "flights/checks.py:9",
            differences=[
                Difference(
                    "check",
                    "late_share",
                    "passed -> failed (severity ERROR): 31 % of the flights are late",
                    tests=TESTS[:1],
                )
            ],
            causes=("asset enriched_flights",),
            compared=1,
        ),
        NodeChange(
            "asset punctuality",
            "flights/tables.py:91",
            differences=[
                Difference("output", "", "0.81 -> 0.78", ("share of late flights",), None, TESTS[:1])
            ],
            causes=("asset enriched_flights",),
            compared=5,
            seconds=(0.01, 0.01),
        ),
        NodeChange(
            "asset ranking",
            "flights/tables.py:110",
            differences=[
                Difference(
                    "output",
                    "",
                    "['UA', 'AA', 'B6'] -> ['AA', 'UA', 'B6']",
                    tests=TESTS[:2],
                    verdict="expected",
                    reason="late flights count since #412",
                )
            ],
            causes=("asset punctuality",),
            compared=2,
        ),
        NodeChange("asset carriers", "flights/tables.py:125", is_new=True),
        NodeChange("asset raw_delays", "flights/old.py:4", is_gone=True),
        NodeChange(
            "asset sample",
            "flights/sample.py:7",
            differences=[
                Difference(
                    "output",
                    "",
                    "100 of 100 rows differ",
                    tests=TESTS[:1],
                    verdict="unstable",
                    reason="two runs of the revision differ, too",
                )
            ],
            unstable="asset sample",
            compared=1,
        ),
        NodeChange(
            "asset sample_size",
            "flights/sample.py:19",
            differences=[
                Difference(
                    "output",
                    "",
                    "98 -> 97",
                    tests=TESTS[:1],
                    verdict="unstable",
                    reason="asset sample differs with itself",
                )
            ],
            unstable="asset sample",
            causes=("asset sample",),
            compared=1,
        ),
        NodeChange(
            "asset fleet", "flights/tables.py:140", code=("code",), details=("function fleet",), compared=3
        ),
        NodeChange(
            "asset delays_by_hour",
            "flights/tables.py:150",
            code=("partitions",),
            partitions=("monthly from 2013-01", "daily from 2013-01-01"),
            parents=(("asset departures", "asset weather"), ("asset departures",)),
            compared=2,
        ),
    ]
