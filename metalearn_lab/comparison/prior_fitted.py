"""A classifier that was fitted to a prior over small tables, and how it did beside others.

``benchmarks/table_classifier.py`` trains it and compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from metalearn_lab.experiments.table_classifier import load_classifier
from metalearn_lab.learners.prior_fitted import PriorFitted

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED_PRIOR_FITTED = Path(__file__).parent / "prior_fitted_results"


def read_classifier() -> tuple[PriorFitted, dict[str, Any]]:
    """The trained classifier, and how it was trained."""
    return load_classifier(SAVED_PRIOR_FITTED / "classifier.safetensors")


def read_tables() -> DataFrame:
    """A row for each of five tables, five folds and four classifiers.

    It has the accuracy in per cent, and the surprise in nats.
    """
    import pandas as pd

    return pd.read_csv(SAVED_PRIOR_FITTED / "tables.csv")
