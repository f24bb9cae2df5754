"""The tables of a sweep that comes with the package, to practise reading a report on.

To make them anew, run ``metalearn-lab sweep start_here.yml --out OUT`` with the file in ``sweeps``,
and put ``results.csv`` and ``curves.csv`` of OUT into its folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pandas import DataFrame

_SWEEPS = Path(__file__).parent / "sweeps"


class SavedSweep(NamedTuple):
    """What a sweep has left.

    Attributes:
        file: the text of the sweep file.
        results: a row a point, as ``metalearn-lab sweep`` writes it.
        curves: a row for each step of each adaptation curve, as ``metalearn-lab report`` does.
    """

    file: str
    results: DataFrame
    curves: DataFrame


def saved_sweep(name: str) -> SavedSweep:
    """Read a sweep that was run beforehand.

    Args:
        name: ``"start_here"``, chapter 00 by iterations and seed.

    Raises:
        ValueError: there is no such sweep.
    """
    import pandas as pd

    known = sorted(path.stem for path in _SWEEPS.glob("*.yml"))
    if name not in known:
        raise ValueError(f"no saved sweep {name!r}: use one of {', '.join(known)}")
    results, curves = (
        pd.read_csv(_SWEEPS / name / f"{table}.csv") for table in ("results", "curves")
    )
    return SavedSweep((_SWEEPS / f"{name}.yml").read_text(encoding="utf-8"), results, curves)
