"""Saved: what networks know by heart and what they look up, over trainings on bursty contexts.

``benchmarks/burstiness.py`` computes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_BURSTINESS = Path(__file__).parent / "burstiness.csv"

SHARES = (0.0, 1.0)
"""Of bursty contexts, in the saved trainings."""


def read_burstiness(path: Path = SAVED_BURSTINESS) -> DataFrame:
    """A row for each share of ``bursty`` contexts, ``seed`` and number of ``steps``.

    It has the two accuracies of ``experiments.burstiness.train_reader``.
    """
    import pandas as pd

    return pd.read_csv(path)
