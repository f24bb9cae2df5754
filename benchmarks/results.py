"""The table of results: a run of one workload replaces that workload's rows only."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.compare import Row
from benchmarks.machine import machine
from benchmarks.workloads.all import place
from metalearn_lab.comparison.benchmark_tables import TABLES

FOLDER = Path(__file__).parent
TABLE = TABLES / "results.csv"
COLUMNS = [
    "workload",
    "title",
    "state",
    "variant",
    "kind",
    "ms",
    "ms_q25",
    "ms_q75",
    "ratio",
    "ratio_q25",
    "ratio_q75",
    "best_peer",
    "target",
    "error",
    "error_dtype",
    "first_call_s",
    "rounds",
    "torch_threads",
    "note",
    "versions",
    "python",
    "processor",
    "cores",
    "date",
]


def replace_rows(rows: list[Row], path: Path = TABLE) -> pd.DataFrame:
    """Put new rows in the place of the same workloads' old ones, and write the table."""
    new = pd.DataFrame([row | machine() for row in rows]).reindex(columns=COLUMNS)
    if path.exists():
        old = pd.read_csv(path)
        kept = old[~old["workload"].isin(new["workload"])]
        new = pd.concat([part for part in (kept, new) if len(part)])
    new = new.sort_values("workload", kind="stable", key=lambda names: names.map(place))
    new.to_csv(path, index=False, float_format="%.4g")
    return new


def as_text(rows: list[Row]) -> str:
    """A workload's rows for the terminal."""
    table = pd.DataFrame(rows).reindex(
        columns=[
            "state",
            "variant",
            "kind",
            "ms",
            "ms_q25",
            "ms_q75",
            "ratio",
            "error",
            "first_call_s",
            "note",
        ]
    )
    table["error"] = table["error"].map("{:.0e}".format, na_action="ignore")
    return table.to_string(index=False, na_rep="", float_format="{:.3f}".format)
