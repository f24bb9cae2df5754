"""``python -m benchmarks.gpu [W1 … W5]``: each piece takes less than ten minutes."""

from __future__ import annotations

from typing import Annotated

import torch
import typer

from benchmarks.gpu.ceilings import measure_card
from benchmarks.gpu.pieces import SMOKE_TASKS, TASKS
from benchmarks.gpu.race import race
from benchmarks.gpu.report import write_piece


def main(
    pieces: Annotated[list[str] | None, typer.Argument(help="of W1 … W5; all if none")] = None,
    device: Annotated[str, typer.Option(help="cuda or cpu")] = "cuda",
    smoke: Annotated[bool, typer.Option(help="tiny sizes, nothing written: does it run?")] = False,
) -> None:
    """Time ours beside the peers on the device, and write results.md."""
    if device == "cuda" and not torch.cuda.is_available():
        typer.echo("there is no CUDA device: try --device cpu --smoke", err=True)
        raise typer.Exit(2)
    unknown = set(pieces or ()) - set(TASKS)
    if unknown:
        raise typer.BadParameter(f"no piece {sorted(unknown)}: use some of {', '.join(TASKS)}")
    card = measure_card(device, 512 if smoke else 8192)
    for name in pieces or TASKS:
        rows = race(name, SMOKE_TASKS if smoke else TASKS[name], device, card, 1 if smoke else 120)
        for row in rows:
            typer.echo(row)
        if not smoke:
            write_piece(name, rows, named(device), card)


def named(device: str) -> str:
    """The card's name."""
    return torch.cuda.get_device_name() if device == "cuda" else "CPU"


if __name__ == "__main__":
    typer.run(main)
