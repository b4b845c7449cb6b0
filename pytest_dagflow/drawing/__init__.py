"""The strategies of hypothesis: config, inputs, partitions, selections, jobs, assets and faults."""
