"""What is measured is written; alone there is nothing to exchange."""

import json

from metalearn_lab.training import time_ranks


def test_one_process_has_a_step_and_no_messages(tmp_path):
    to = tmp_path / "times.json"
    few = ["--tasks", "2", "--inner-steps", "1", "--rounds", "1", "--device", "cpu"]
    time_ranks.main([*few, "--to", str(to)])
    found = json.loads(to.read_text())
    assert found["ranks"] == 1
    assert found["step_ms"] > 0
    assert found["own_ms"] > 0
    assert found["all_reduce_ms"] == {}
