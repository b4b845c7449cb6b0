"""Loading of inputs."""

from __future__ import annotations

from dagflow import IOManager, graph, op


def test_an_input_reads_an_output_without_a_value():
    """The I/O manager gets the upstream output; the one in memory returns None."""
    asked = []

    class Shelf(IOManager):
        def handle_output(self, context, obj):
            asked.append(("store", context.step_key))

        def load_input(self, context):
            asked.append(("load", context.upstream_output.step_key))
            return 9

    @op
    def quiet() -> None: ...

    @op
    def loud(x):
        return x

    @graph
    def j():
        loud(quiet())

    assert j.execute_in_process(resources={"io_manager": Shelf()}).output_for_node("loud") == 9
    assert asked == [("load", "quiet"), ("store", "loud")]
    assert j.execute_in_process().output_for_node("loud") is None
