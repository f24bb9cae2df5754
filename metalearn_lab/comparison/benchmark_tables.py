"""The tables of the last benchmark: measured once on one machine, to be read anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from pandas import DataFrame

TABLES = Path(__file__).parent / "benchmarks"
"""Where they come with the package; the benchmark of a clone writes them there."""

Name = Literal["results", "scaling", "memory"]


def benchmark_table(name: Name) -> DataFrame:
    """One of the committed tables, each row with the versions and the processor it was taken on.

    Args:
        name: ``"results"``, a training step of each library by workload; ``"scaling"``, ours
            against tasks and inner steps; ``"memory"``, of a process, by inner steps.

    Raises:
        ValueError: there is no such table.
    """
    import pandas as pd

    if name not in get_args(Name):
        raise ValueError(f"no benchmark table {name!r}: use one of {', '.join(get_args(Name))}")
    return pd.read_csv(TABLES / f"{name}.csv")
