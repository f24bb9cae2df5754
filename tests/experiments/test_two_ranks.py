"""One process and two train the same network; what fails in a process is told."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import torch
from safetensors.torch import load_file, save_file

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


def test_every_argument_reaches_its_program(monkeypatch):
    given = {}
    for program in (module.train_sinusoids, module.time_ranks):
        monkeypatch.setattr(
            program, "main", lambda each: given.update(zip(each[::2], each[1::2], strict=True))
        )
    main(["here", "4", "5", "6", "7", "8"])
    counts = {"--tasks": "4", "--inner-steps": "5", "--iterations": "6", "--rounds": "7"}
    files = {"--weights": "here/weights", "--to": "here/times"}
    assert given == {**counts, "--seed": "8", "--device": "cpu", **files}


def test_processes_that_fail_are_told_of(monkeypatch):
    monkeypatch.setattr(module, "__name__", "metalearn_lab.no_such_module")
    with pytest.raises(RuntimeError, match="the two processes failed"):
        two_ranks(**SMALL)


def test_the_numbers_are_those_of_the_process_that_they_are_said_to_be_of(monkeypatch):
    """Neither training runs: each leaves files whose numbers are known."""

    def leave(folder, weights, times):
        Path(folder).mkdir()
        save_file({"w": torch.tensor(weights), "c": torch.zeros(1)}, Path(folder) / "weights")
        (Path(folder) / "times").write_text(json.dumps(times))

    def alone(arguments):
        leave(arguments[0], [1.0, -4.0], {"step_ms": 2.0, "all_reduce_ms": {}})

    def pair(command, **_):
        *_, folder, tasks, inner_steps, iterations, rounds, seed = command
        assert (tasks, inner_steps, iterations, rounds, seed) == ("4", "1", "2", "1", "3")
        leave(folder, [1.5, -4.0], {"step_ms": 3.0, "all_reduce_ms": {"8": 0.5}})
        return CompletedProcess(command, 0)

    monkeypatch.setattr(module, "main", alone)
    monkeypatch.setattr(module.subprocess, "run", pair)
    assert two_ranks(**SMALL) == (0.125, 2.0, 3.0, {8: 0.5})


@pytest.mark.long
def test_two_processes_end_with_the_weights_of_one():
    pair = two_ranks(**SMALL)
    assert pair.weights_apart < 1e-5
    assert min(pair.alone_ms, pair.pair_ms, *pair.all_reduce_ms.values()) > 0
    assert len(pair.all_reduce_ms) == 2
