"""``python -m benchmarks [WORKLOAD …]``: some workloads by name, or everything."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmarks.compare import WrongResult
from benchmarks.figures import draw_ratios
from benchmarks.results import TABLE, as_text, replace_rows
from benchmarks.scaling import measure_scaling
from benchmarks.workloads.all import jobs, names

SCALING = "scaling"


def main(
    workload: Annotated[list[str] | None, typer.Argument(help="some; all when not given")] = None,
) -> None:
    """Check every gradient, time the variants in turns, write results.csv and results.png."""
    known = [*names(), SCALING]
    for name in workload or ():
        if name.split("-")[0] not in known:
            raise typer.BadParameter(f"no workload {name!r}: use some of {', '.join(known)}")
    wrong = [name for name in workload or known if not measured(name)]
    if wrong:
        typer.echo(f"refused: {', '.join(wrong)}", err=True)
        raise typer.Exit(1)


def measured(name: str) -> bool:
    """Measure a workload and put it into the table; False where a result was wrong."""
    if name == SCALING:
        measure_scaling(typer.echo)
        return True
    try:
        for job in jobs(name):
            rows = job(typer.echo)
            typer.echo(f"\n{rows[0]['workload']}: {rows[0]['title']}\n{as_text(rows)}\n")
            draw_ratios(replace_rows(rows))
    except WrongResult as problem:
        typer.echo(str(problem), err=True)
        return False
    typer.echo(f"written to {TABLE} and its picture")
    return True


if __name__ == "__main__":
    typer.run(main)
