"""Two runs never write one checkpoint, and what a killed one left is removed."""

import os

import pytest

from metalearn_lab.training.checkpoint import CheckpointError
from tests.training.rank_processes import server
from tests.training.resumable_run import train


class Ended(Exception):
    pass


def second_run(path):
    def begin(iteration):
        with pytest.raises(CheckpointError, match=r"run is the checkpoint of another run .* wait"):
            train(path, 10)
        raise Ended

    return begin


def test_a_second_run_on_the_checkpoint_is_refused_and_another_path_is_not(tmp_path):
    with pytest.raises(Ended):
        train(tmp_path / "run", 10, before=second_run(tmp_path / "run"))
    assert os.listdir(tmp_path) == ["run"]

    def train_another(iteration):
        if iteration == 0:
            train(tmp_path / "other", 10)

    train(tmp_path / "run", 10, before=train_another)
    assert sorted(os.listdir(tmp_path)) == ["other", "run"]


def in_another_process(path, begun, go_on):
    train(path, 10, before=lambda i: begun.set() or go_on.wait())


def test_a_run_in_another_process_holds_it_until_it_is_killed(tmp_path):
    begun, never = server().Event(), server().Event()
    process = server().Process(target=in_another_process, args=(tmp_path / "run", begun, never))
    process.start()
    begun.wait()
    with pytest.raises(CheckpointError, match="another run that is under way"):
        train(tmp_path / "run", 10)
    process.kill()
    process.join()
    train(tmp_path / "run", 10)
    assert os.listdir(tmp_path) == ["run"]


def test_what_a_killed_write_left_is_removed_and_nothing_else(tmp_path):
    for name in (".run.123.tmp", ".other.123.tmp", ".run.mine.tmp"):
        (tmp_path / name).write_text("half")
    train(tmp_path / "run", 10)
    assert sorted(os.listdir(tmp_path)) == [".other.123.tmp", ".run.mine.tmp", "run"]
