"""The benchmark: our training step beside the peers' on the same mathematics."""
