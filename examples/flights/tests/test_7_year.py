"""Step 7: the year in a database, loaded once for the session."""

from flights.tables import departures, ranking, reference


def test_every_flight_is_there(year):
    """The resource answers any query."""
    (row,) = (
        year["warehouse"]
        .query(
            """
        SELECT count(*) AS flights, count(DISTINCT partition_key) AS partitions,
               count(*) FILTER (dep_time IS NULL) AS cancelled, count(DISTINCT carrier) AS airlines,
               count(DISTINCT dest) AS destinations
        FROM departures
        """
        )
        .to_dict("records")
    )

    assert row == {
        "flights": 336_776, "partitions": 36, "cancelled": 8_255, "airlines": 16, "destinations": 105
    }  # fmt: skip


def test_all_partitions_are_in_the_session(year, session_dag_instance):
    """The instance of the session knows what is materialized."""
    assert len(session_dag_instance.get_materialized_partitions(departures.key)) == 36


def test_the_ranking(year, materialize):
    """The asset reads the database itself. Hawaiian Airlines leaves in time, and has one flight a day."""
    result = materialize([departures, reference, ranking], selection=[ranking], resources=year)

    table = result.asset_value("ranking")
    assert table.iloc[0].tolist() == ["Hawaiian Airlines Inc.", 342, 93.0]
    assert table.iloc[-1].tolist() == ["Mesa Airlines Inc.", 601, 64.7]
    assert table["flights"].sum() == 336_776
