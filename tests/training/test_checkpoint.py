"""Checkpoints: whole or absent, never half; foreign files are refused with a reason."""

import json
import pickle
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from metalearn_lab.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)

GOOD = Checkpoint({"learner": "MAML"}, {"iterations": 3}, {"learner/w": torch.arange(4.0)})

FILL_THE_DISK = """
import resource, signal, sys, torch
from pathlib import Path
from metalearn_lab.training.checkpoint import Checkpoint, CheckpointError, save_checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_checkpoint(Path(sys.argv[1]), Checkpoint({}, {}, {"w": torch.zeros(1_000_000)}))
except CheckpointError as error:
    print(error)
"""


def test_round_trip_is_exact(tmp_path):
    state = {"losses": [0.1, 1e-17, 1 / 3], "best": None}
    tensors = {
        "w": torch.randn(5, generator=torch.Generator().manual_seed(0)),
        "n": torch.tensor(7),
    }
    save_checkpoint(tmp_path / "run", Checkpoint({"a": [1, 2]}, state, tensors))
    found = load_checkpoint(tmp_path / "run")
    assert found.description == {"a": [1, 2]}
    assert found.state == state
    assert all(torch.equal(found.tensors[name], tensors[name]) for name in tensors)


def test_a_file_that_cannot_grow_leaves_the_last_good_checkpoint(tmp_path):
    """The kernel refuses to write on, as on a full disk; the old checkpoint must survive."""
    path = tmp_path / "run"
    save_checkpoint(path, GOOD)
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(path)], capture_output=True, text=True, check=True
    )
    assert f"could not write {path}" in done.stdout
    assert "The last good checkpoint" in done.stdout
    assert "free some space" in done.stdout
    assert load_checkpoint(path).state == GOOD.state
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"could not write .*file/run"):
        save_checkpoint(tmp_path / "file" / "run", GOOD)


def test_a_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / "run"
    save_checkpoint(path, GOOD)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(
        CheckpointError, match=r"cannot be read as a checkpoint .* delete it to start"
    ):
        load_checkpoint(path)


def test_a_pickle_is_refused_and_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    (tmp_path / "run").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        load_checkpoint(tmp_path / "run")
    assert not (tmp_path / "sprung").exists()


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    save_file({"w": torch.zeros(2)}, tmp_path / "run", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"not a checkpoint of this package .*'pt'"):
        load_checkpoint(tmp_path / "run")


def test_state_is_json_that_anyone_can_read(tmp_path):
    save_checkpoint(tmp_path / "run", GOOD)
    raw = (tmp_path / "run").read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert json.loads(header["__metadata__"]["state"]) == {"iterations": 3}
