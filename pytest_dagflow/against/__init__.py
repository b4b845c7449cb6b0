"""`--dag-against`: one suite on two revisions, and what a change does to the data of each node."""
