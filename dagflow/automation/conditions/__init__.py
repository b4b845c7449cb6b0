"""The evaluation of automation conditions: the requests of one evaluation, and the cursor of the next one."""
