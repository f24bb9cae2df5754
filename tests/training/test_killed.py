"""Runs that are killed at random moments lose nothing: alone, among two ranks, under torchrun."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from metalearn_lab.atomic_file import remove_leftovers, write_bytes
from metalearn_lab.training.checkpoint import load_checkpoint
from metalearn_lab.training.train_sinusoids import main
from tests.training.rank_processes import results, server, start
from tests.training.resumable_run import ITERATIONS, train, wait_to_be_killed

pytestmark = pytest.mark.long

KILLS = 20
ENDED = {"run", "weights", "history"}
KILLED_IN = re.compile(r"run|weights|history|\.run\.lock|\.(run|weights)\.\d+\.tmp")
"""What a killed run may leave until the next one begins: nothing that grows in number."""
LONGEST = 120
"""Seconds after which something hangs."""


def iterations_kept(path) -> int:
    """Reads the checkpoint, which must be whole whenever it is there."""
    return load_checkpoint(path).state["run"]["iterations"] if path.exists() else 0


def wait_until(condition) -> None:
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.005)


def nothing_is_left(path) -> bool:
    return [name for name in os.listdir(path.parent) if name.startswith(f".{path.name}.")] == []


def assert_same_weights(found, expected) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())


def train_to_the_end(folder, under_way, steps):
    left = iter(range(steps))
    learner, run = train(
        folder / "run", before=lambda i: next(left, None) is None and under_way.set()
    )
    remove_leftovers(folder, "weights")
    write_bytes(folder / "weights", save(learner.state_dict()))
    (folder / "history").write_text(json.dumps(vars(run)))


def killed_after(folder, steps, seconds) -> bool:
    """Start the run, or go on with it; whether it was killed before its end.

    Steps say how far it comes on a machine of any speed, seconds that it is anywhere in a step.
    """
    under_way = server().Event()
    process = server().Process(target=train_to_the_end, args=(folder, under_way, steps))
    process.start()
    wait_until(lambda: under_way.is_set() or not process.is_alive())
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def test_a_run_killed_again_and_again_ends_bit_for_bit_as_undisturbed(tmp_path):
    learner, run = train(None)
    moments, kills, runs = random.Random(0), 0, 0
    while kills < KILLS:
        folder, kept, runs = tmp_path / f"run {runs}", 0, runs + 1
        folder.mkdir()
        while kills < KILLS and killed_after(
            folder, moments.randrange(30), moments.uniform(0, 0.02)
        ):
            kills += 1
            assert all(map(KILLED_IN.fullmatch, os.listdir(folder))), os.listdir(folder)
            assert kept <= (kept := iterations_kept(folder / "run"))
        if kills == KILLS:
            assert not killed_after(folder, ITERATIONS, None)
        assert {entry.name for entry in folder.iterdir()} == ENDED
        assert json.loads((folder / "history").read_text()) == vars(run)
        assert_same_weights(load_file(folder / "weights"), learner.state_dict())


def train_on_ranks(path, waits=None):
    """A rank that waits to be killed, if any, does not come to the end of the run."""
    waiting = torch.distributed.get_rank() == waits
    learner, run = train(path, before=wait_to_be_killed if waiting else lambda i: None)
    return {"weights": dict(learner.state_dict()), "history": run.history}


def kill_a_rank(folder, path, moments) -> None:
    """The other rank must end by itself, and say why."""
    killed, before = moments.randrange(2), iterations_kept(path)
    processes = start(folder, train_on_ranks, path, killed)
    wait_until(lambda: iterations_kept(path) > before)
    time.sleep(moments.uniform(0, 0.3))
    processes[killed].kill()
    for process in processes:
        process.join(LONGEST)
    assert [process.exitcode for process in processes] == [
        -signal.SIGKILL if rank == killed else 1 for rank in range(2)
    ]
    said = (folder / f"{1 - killed}.txt").read_text()
    assert f"LostRankError: rank {1 - killed} of 2 lost touch with another process" in said
    assert "Start all again with the same checkpoint" in said


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "ranks"
    return results(folder, start(folder, train_on_ranks, None))[0]


def test_ranks_go_on_after_one_was_killed(tmp_path, undisturbed):
    moments, path = random.Random(1), tmp_path / "run"
    for kill in range(3):
        kill_a_rank(tmp_path / f"kill {kill}", path, moments)
    alone = tmp_path / "alone"
    shutil.copy(path, alone)
    folder = tmp_path / "the rest"
    for rank in results(folder, start(folder, train_on_ranks, path)):
        assert rank["history"] == undisturbed["history"]
        assert_same_weights(rank["weights"], undisturbed["weights"])
    assert nothing_is_left(path)
    goes_on_alone(alone, undisturbed)


def goes_on_alone(path, undisturbed) -> None:
    """One rank takes over what two began, up to rounding."""
    assert 0 < iterations_kept(path) < ITERATIONS
    learner, run = train(path)
    for name, weight in undisturbed["weights"].items():
        assert torch.allclose(learner.state_dict()[name], weight, rtol=0, atol=1e-6), name
    for row, expected in zip(run.history, undisturbed["history"], strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


class UnderTorchrun:
    """The command on two ranks, its output in a file."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.said = folder / f"said{len(list(folder.iterdir()))}"
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", *options]
        command = [*torchrun, "--nproc-per-node=2", "-m", "metalearn_lab.training.train_sinusoids"]
        with self.said.open("w") as output:
            self.process = subprocess.Popen(
                [*command, *arguments(folder)],
                stdout=output,
                stderr=output,
                env=os.environ | {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"},
            )

    def kill_one_after(self, condition) -> None:
        """Kill a worker once something holds."""
        wait_until(lambda: condition() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said.read_text()
        first, *_ = re.findall(r"process (\d+), one of 2", self.said.read_text())
        subprocess.run(["kill", "-KILL", first], check=True)

    def ended_with(self) -> int:
        """Its exit status, which comes within a bounded time."""
        return self.process.wait(LONGEST)


def arguments(folder) -> list[str]:
    settings = {"learner": "first-order-maml", "iterations": 300, "every": 5, "tasks": 4}
    files = {"checkpoint": folder / "run", "weights": folder / "weights"}
    return [f"--{name}={value}" for name, value in (settings | files | {"device": "cpu"}).items()]


def train_as_the_command_does(folder) -> None:
    main(arguments(folder))


def test_under_torchrun_a_killed_rank_ends_the_run_and_a_restart_goes_on(tmp_path):
    path = tmp_path / "run"
    run = UnderTorchrun(tmp_path)
    run.kill_one_after(lambda: iterations_kept(path) >= 20)
    assert run.ended_with() == 1
    assert "Signal 9 (SIGKILL) received by PID" in run.said.read_text()
    kept = iterations_kept(path)
    assert 20 <= kept < 300

    restarted = UnderTorchrun(tmp_path, "--max-restarts=1")
    restarted.kill_one_after(lambda: iterations_kept(path) > kept)
    assert restarted.ended_with() == 0, restarted.said.read_text()
    assert nothing_is_left(path)

    other = tmp_path / "undisturbed"
    results(other, start(other, train_as_the_command_does, other))
    assert_same_weights(load_file(tmp_path / "weights"), load_file(other / "weights"))
