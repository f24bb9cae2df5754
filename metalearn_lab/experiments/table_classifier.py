"""A classifier of small tables that was fitted to a prior, beside classifiers that fit each table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from metalearn_lab.atomic_file import write_bytes
from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.tasks.small_tables import SmallTables

PRIOR = SmallTables(features=8, classes=3, rows=(8, 128), queries=32)
"""What it is trained on."""

SIZES = {"dim": 64, "layers": 3, "heads": 4, "hidden": 128}
"""Of its Transformer."""

SAVED = Path(__file__).parent / "table_classifier.safetensors"
"""The trained one that comes with the package."""


def new_classifier(seed: int = 0) -> PriorFitted:
    """Untrained."""
    model = ContextTransformer(PRIOR.features, PRIOR.classes, PRIOR.classes, **SIZES, seed=seed)
    return PriorFitted(model, classes=PRIOR.classes, mapping="vmap")


def save_classifier(path: Path, learner: PriorFitted, about: Mapping[str, Any]) -> None:
    """Write the weights, with a description beside them."""
    from safetensors.torch import save

    weights: dict[str, Tensor] = {n: w.contiguous() for n, w in learner.state_dict().items()}
    write_bytes(path, save(weights, {"about": json.dumps(about, ensure_ascii=False)}))


def load_classifier(path: Path = SAVED) -> tuple[PriorFitted, dict[str, Any]]:
    """The trained classifier, and how it was trained: prior, sizes, steps, CPU seconds, versions."""
    from safetensors import safe_open

    learner = new_classifier()
    with safe_open(path, framework="pt") as file:
        learner.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        about: dict[str, Any] = json.loads(file.metadata()["about"])
    return learner, about
