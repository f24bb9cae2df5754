"""A desk as one file that runs no code: its weights and vectors, and a description beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn
from torch.nn import functional as F

from metalearn_lab.experiments.desk import Desk, Encode, Intent
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    damage_named,
    load_checkpoint,
    save_checkpoint,
)

KIND = "desk of intents"


def save_desk(path: Path, desk: Desk, about: Mapping[str, Any]) -> None:
    """Write a desk: safetensors, with JSON inside.

    Args:
        path: of the file.
        desk: whose learner's model is one linear layer.
        about: how the weights came to be, such as data, seeds and versions.

    Raises:
        CheckpointError: it cannot be written, or the model is another.
    """
    model = desk.learner.model
    if not isinstance(model, nn.Linear):
        raise CheckpointError(f"a desk's model is one nn.Linear, not {type(model).__name__}")
    sizes = {"inputs": model.in_features, "features": model.out_features}
    state = {
        "threshold": desk.threshold,
        "slots": {name: list(values) for name, values in desk.slots.items()},
        "intents": [
            [name, list(each.sentences), each.reply] for name, each in desk.intents.items()
        ],
    }
    tensors = {f"model.{name}": weight.cpu() for name, weight in model.state_dict().items()}
    # A number, for an intent's name may be anything.
    tensors |= {f"intent.{i}": desk.vectors[name].cpu() for i, name in enumerate(desk.intents)}
    save_checkpoint(path, Checkpoint({"kind": KIND, **sizes, "about": dict(about)}, state, tensors))


def load_desk(path: Path, encode: Encode) -> tuple[Desk, dict[str, Any]]:
    """A desk, and how its weights came to be.

    Args:
        path: of a file that ``save_desk`` wrote.
        encode: the same encoder as before: the file holds vectors, not the encoder.

    Raises:
        CheckpointError: there is no such file, or it is damaged or no desk's.
    """
    kept = load_checkpoint(path)
    if kept.description.get("kind") != KIND:
        raise CheckpointError(f"{path} is a checkpoint, but not of a desk: give a desk's file")
    with damage_named(path):
        model = nn.Linear(kept.description["inputs"], kept.description["features"])
        weights = {n[6:]: t for n, t in kept.tensors.items() if n.startswith("model.")}
        model.load_state_dict(weights)
        intents = {name: Intent(tuple(own), reply) for name, own, reply in kept.state["intents"]}
        vectors = {name: kept.tensors[f"intent.{i}"] for i, name in enumerate(intents)}
        for name, intent in intents.items():
            if vectors[name].shape != (len(intent.sentences), model.in_features):
                raise ValueError(f"the vectors of {name!r} are not one for each of its sentences")
        learner = ProtoNet(model.requires_grad_(False), F.cross_entropy, ways=1)
        threshold, slots = float(kept.state["threshold"]), kept.state["slots"]
    return Desk(encode, learner, threshold, intents, slots, vectors), kept.description["about"]
