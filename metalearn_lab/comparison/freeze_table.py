"""What adapting all layers, the head alone and the body alone reaches, as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.layer_freeze import FreezeStudy, Which

if TYPE_CHECKING:
    from pandas import DataFrame

_DIVERGED = 1e3
_PARTS: tuple[Which, Which] = ("head only", "body only")


def freeze_table(studies: Mapping[str, FreezeStudy]) -> DataFrame:
    """One row a study, all after the last step.

    The similarity of each layer to before with all layers moving; loss, or accuracy in per cent,
    before and with all, the head or the body moving, with its 95 % interval over tasks; and how
    much of what all layers gain the head and the body keep alone. A mean loss over 1,000, or one
    that is no number, is written as "diverged", and what follows from it as "–".

    Args:
        studies: by the name of the row; of models with the same layers.
    """
    import pandas as pd

    return pd.DataFrame({label: _row(study) for label, study in studies.items()}).T


def _row(study: FreezeStudy) -> dict[str, str]:
    similarity = study.of("all").similarity[:, -1].mean(0).tolist()
    row = {
        f"CKA {name}": "–" if math.isnan(value) else f"{value:.2f}"
        for name, value in zip(study.layers, similarity, strict=True)
    }
    row["before"] = _score(study.scores("all", 0))
    row["all layers"] = _score(study.scores("all"))
    for which in _PARTS:
        row[which] = _score(study.scores(which))
        kept = study.kept(which)
        known = math.isfinite(kept) and "diverged" not in (row[which], row["all layers"])
        row[which.replace("only", "keeps")] = f"{kept:.0%}" if known else "–"
    return row


def _score(scores: Tensor) -> str:
    mean, half_width, _ = interval_over_tasks(scores)
    return score_text(mean.item(), half_width.item())


def score_text(mean: float, half_width: float) -> str:
    """A mean score with its half-width; "diverged" if it is over 1,000 or no number."""
    return f"{mean:.2f} ± {half_width:.2f}" if mean < _DIVERGED else "diverged"
