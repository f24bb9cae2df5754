"""Episodes seen by encoders: each text as a place in the plane, kept in one small file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.atomic_file import write_bytes
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.tasks.types import Task

SAVED_PICTURES = Path(__file__).parent / "pretraining_pictures.safetensors"
"""What ``benchmarks/meta_pretraining.py`` gave: four episodes of each kind and K."""

PictureKey = tuple[str, str, int]
"""Method, kind and K."""


class Pictures(NamedTuple):
    """Some episodes of one kind and K, as one encoder sees them.

    Items stand shot by shot: their classes are 0, …, ways − 1, and again.

    Attributes:
        support: places, ``[episodes, ways · K, 2]``.
        query: the same, ``[episodes, ways · Q, 2]``.
        answered: the class whose mean is nearest to each query item, ``[episodes, ways · Q]``.
    """

    support: Tensor
    query: Tensor
    answered: Tensor


def pictured(features: Task, ways: int) -> Pictures:
    """Unit vectors seen from where their class means lie farthest apart, at most 1 from the centre.

    The plane is that of the two main directions of the class means. Answers are those of the
    vectors themselves, not of their places in the plane.

    Args:
        features: of a batch of episodes, ``x [episodes, items, dim]``.
        ways: N, 3 or more.
    """
    (support, labels), (query, _) = features
    support, query = F.normalize(support, dim=-1), F.normalize(query, dim=-1)
    answered = class_mean_cosines(support, labels, query, ways).argmax(2)
    means = F.normalize(F.one_hot(labels, ways).to(support).mT @ support, dim=-1)
    centre = means.mean(1, keepdim=True)
    _, _, directions = torch.linalg.svd(means - centre, full_matrices=False)
    places = [(x - centre) @ directions[:, :2].mT for x in (support, query)]
    size = torch.cat(places, 1).abs().amax((1, 2), keepdim=True).clamp(min=1e-9)
    return Pictures(places[0] / size, places[1] / size, answered)


def save_pictures(pictures: Mapping[PictureKey, Pictures], path: Path = SAVED_PICTURES) -> None:
    """Write pictures, in the place of older ones of the same method, kind and K.

    Args:
        pictures: by method, kind and K.
        path: the file.
    """
    tensors = load_file(path) if path.exists() else {}
    for key, three in pictures.items():
        name = "/".join(map(str, key))
        tensors[f"{name}/support"] = three.support.half().contiguous()
        tensors[f"{name}/query"] = three.query.half().contiguous()
        tensors[f"{name}/answered"] = three.answered.to(torch.uint8).contiguous()
    write_bytes(path, save(dict(sorted(tensors.items()))))


def load_pictures(path: Path = SAVED_PICTURES) -> dict[PictureKey, Pictures]:
    """Pictures by method, kind and K.

    Args:
        path: the file.
    """
    parts: dict[PictureKey, dict[str, Tensor]] = {}
    for name, tensor in load_file(path).items():
        method, kind, shots, part = name.split("/")
        parts.setdefault((method, kind, int(shots)), {})[part] = tensor
    return {
        key: Pictures(own["support"].float(), own["query"].float(), own["answered"].long())
        for key, own in parts.items()
    }
