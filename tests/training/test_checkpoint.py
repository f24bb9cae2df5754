"""Checkpoints: whole or absent, never half; foreign files are refused with a reason."""

import json
import pickle
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from metalearn_lab.training.meta_train import meta_train

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


FORMAT = {"format": "metalearn-lab checkpoint 1"}


@pytest.mark.parametrize(
    "metadata",
    [
        FORMAT,
        FORMAT | {"description": "{}"},
        FORMAT | {"description": "{}", "state": "{broken"},
        FORMAT | {"description": "[]", "state": "{}"},
        FORMAT | {"description": "{}", "state": "null"},
    ],
)
def test_damaged_metadata_is_a_damaged_checkpoint(tmp_path, metadata):
    save_file({"w": torch.zeros(2)}, tmp_path / "run", metadata=metadata)
    with pytest.raises(CheckpointError, match=r"run cannot be read as a checkpoint .* delete it"):
        load_checkpoint(tmp_path / "run")


def small_run(path, *, optimizer=torch.optim.Adam, scheduled=False):
    module = MAML(MLP([1, 4, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
    optimizer = optimizer(module.parameters())
    return meta_train(
        module,
        lambda i: Sinusoids().batch(i, 1),
        iterations=2,
        optimizer=optimizer,
        scheduler=torch.optim.lr_scheduler.StepLR(optimizer, 1) if scheduled else None,
        checkpoint=path,
        progress=False,
    )


def without(part):
    return lambda tensors: {k: v for k, v in tensors.items() if not k.startswith(part)}


@pytest.mark.parametrize(
    "damage",
    [
        without("learner/"),
        without("learner/model.head.bias"),
        lambda tensors: tensors | {"no group": torch.zeros(1)},
        lambda tensors: tensors | {"optimizer/x/step": torch.zeros(1)},
        lambda tensors: tensors | {"learner/model.head.bias": torch.zeros(9)},
    ],
)
def test_tensors_of_another_making_are_a_damaged_checkpoint(tmp_path, damage):
    small_run(tmp_path / "run")
    good = load_checkpoint(tmp_path / "run")
    bad = Checkpoint(good.description, good.state, damage(good.tensors))
    save_checkpoint(tmp_path / "run", bad)
    with pytest.raises(CheckpointError, match=r"run cannot be read as a checkpoint .* delete it"):
        small_run(tmp_path / "run")


@pytest.mark.parametrize("key", ["run", "losses", "optimizer", "optimizer numbers", "scheduler"])
def test_a_state_with_a_part_missing_is_a_damaged_checkpoint(tmp_path, key):
    small_run(tmp_path / "run", scheduled=True)
    good = load_checkpoint(tmp_path / "run")
    state = {name: part for name, part in good.state.items() if name != key}
    save_checkpoint(tmp_path / "run", Checkpoint(good.description, state, good.tensors))
    with pytest.raises(CheckpointError, match=rf"KeyError: '{key}'\): delete it to start over"):
        small_run(tmp_path / "run", scheduled=True)


def test_tensors_that_share_storage_are_each_kept(tmp_path):
    shared = torch.arange(6.0)
    views = {"a": shared, "b": shared[2:4], "c": shared.reshape(2, 3).T}
    save_checkpoint(tmp_path / "run", Checkpoint({}, {}, views))
    found = load_checkpoint(tmp_path / "run").tensors
    assert all(torch.equal(found[name], view) for name, view in views.items())


def test_a_state_that_json_cannot_hold_is_named(tmp_path):
    save_checkpoint(tmp_path / "run", GOOD)
    bad = Checkpoint({}, {"optimizer": [{"lr": torch.tensor(0.1)}]}, {})
    with pytest.raises(
        CheckpointError, match=r"cannot be kept in a checkpoint: state optimizer 0 lr is a Tensor"
    ):
        save_checkpoint(tmp_path / "run", bad)
    assert load_checkpoint(tmp_path / "run").state == GOOD.state


def test_a_rate_that_is_a_tensor_is_named_before_any_training(tmp_path):
    with pytest.raises(CheckpointError, match="description optimizer group 0 lr is a Tensor"):
        small_run(tmp_path / "run", optimizer=lambda p: torch.optim.SGD(p, torch.tensor(0.1)))
    assert list(tmp_path.iterdir()) == []
