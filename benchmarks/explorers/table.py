"""The table of latencies, and whether each is within its target."""

from __future__ import annotations

from pathlib import Path
from statistics import median, quantiles

import pandas as pd

from benchmarks.machine import machine

TABLE = Path(__file__).parent / "results.csv"
TARGETS = {"kernel_ms": 60.0, "browser_ms": 150.0}
FRAMES = 30.0
COLUMNS = [
    "chapter",
    "explorer",
    "control",
    "kernel_ms",
    "kernel_ms_q90",
    "kernel_moves",
    "browser_ms",
    "browser_ms_q90",
    "browser_moves",
    "frames_per_s",
    "versions",
    "python",
    "processor",
    "cores",
    "date",
]
LIBRARIES = ("torch", "matplotlib", "ipywidgets", "jupyterlab", "anywidget", "playwright")


def row(explorer: str, control: str, **times: list[float]) -> dict[str, object]:
    """Medians and 90 % quantiles of the milliseconds by side; a side with none has none."""
    facts: dict[str, object] = {"explorer": explorer, "control": control}
    for side, taken in times.items():
        if taken:
            facts |= {
                f"{side}_ms": median(taken),
                f"{side}_ms_q90": quantiles(taken, n=10)[-1],
                f"{side}_moves": len(taken),
            }
    return facts


def replace_rows(rows: list[dict[str, object]], path: Path = TABLE) -> pd.DataFrame:
    """Put new rows in the place of the same chapters' old ones, and write the table."""
    new = pd.DataFrame([each | machine(LIBRARIES) for each in rows]).reindex(columns=COLUMNS)
    if path.exists():
        old = pd.read_csv(path)
        kept = old[~old["chapter"].isin(new["chapter"])]
        new = pd.concat([part for part in (kept, new) if len(part)])
    new = new.sort_values("chapter", kind="stable")
    new.to_csv(path, index=False, float_format="%.4g")
    return new


def too_slow(rows: list[dict[str, object]]) -> list[str]:
    """What misses its target, in words."""
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    late = [
        f"{each.explorer}, {each.control}: {side} {getattr(each, side):.0f}, target {target:.0f}"
        for side, target in TARGETS.items()
        for each in table.itertuples()
        if getattr(each, side) > target
    ]
    slow = table[table["frames_per_s"] < FRAMES]
    return late + [
        f"{each.explorer}: {each.frames_per_s:.0f} frames/s" for each in slow.itertuples()
    ]
