"""One process and two train the same network; what fails in a process is told."""

import json

import pytest
from safetensors.torch import load_file

from metalearn_lab.experiments import two_ranks as module
from metalearn_lab.experiments.two_ranks import main, two_ranks

SMALL = {"tasks": 4, "inner_steps": 1, "iterations": 2, "rounds": 1, "seed": 3}


def test_a_process_writes_its_weights_and_its_times(tmp_path):
    main([str(tmp_path / "one"), "4", "1", "2", "1", "3"])
    main([str(tmp_path / "other"), "4", "1", "2", "1", "4"])
    one, other = (load_file(tmp_path / name / "weights") for name in ("one", "other"))
    assert any((one[name] != other[name]).any() for name in one), "the seed is taken"
    times = json.loads((tmp_path / "one" / "times").read_text())
    assert times["ranks"] == 1
    assert times["step_ms"] > 0


def test_processes_that_fail_are_told_of(monkeypatch):
    monkeypatch.setattr(module, "__name__", "metalearn_lab.no_such_module")
    with pytest.raises(RuntimeError, match="the two processes failed"):
        two_ranks(**SMALL)


@pytest.mark.long
def test_two_processes_end_with_the_weights_of_one():
    pair = two_ranks(**SMALL)
    assert pair.weights_apart < 1e-5
    assert min(pair.alone_ms, pair.pair_ms, *pair.all_reduce_ms.values()) > 0
    assert len(pair.all_reduce_ms) == 2
