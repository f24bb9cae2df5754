"""What `metalearn-lab serve` does: load or train a desk, and serve it until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from metalearn_lab.experiments.desk import Desk
from metalearn_lab.experiments.desk_file import load_desk, save_desk
from metalearn_lab.experiments.desk_training import train_home_desk
from metalearn_lab.models.sentence_encoder import encode_sentences
from metalearn_lab.serving.server import serve
from metalearn_lab.training.checkpoint import CheckpointError
from metalearn_lab.workbook.errors import WorkbookError


def serve_desk(
    file: Path | None, port: int | None, save: Path | None, echo: Callable[[str], None]
) -> None:
    """Serve a desk on this machine.

    Args:
        file: of a desk; without one, the home desk is trained now.
        port: to listen on; a free one if None.
        save: where to write the desk first; nowhere if None.
        echo: prints a line.

    Raises:
        WorkbookError: the file cannot be read or written, or the port cannot be had.
    """
    try:
        desk = _desk(file, echo)
        if save is not None:
            save_desk(save, desk, {"trained by": "metalearn-lab serve"})
    except CheckpointError as error:
        raise WorkbookError(str(error)) from error
    desk.ask("hello")  # loads the encoder, so that no customer waits for it
    try:
        asyncio.run(serve(desk, port, lambda address: echo(f"open {address}\nCtrl-C ends it")))
    except OSError as error:
        raise WorkbookError(
            f"port {port} cannot be had ({error.strerror}): give another"
        ) from error


def _desk(file: Path | None, echo: Callable[[str], None]) -> Desk:
    if file is not None:
        return load_desk(file, encode_sentences)[0]
    echo("training the home desk, about ten seconds")
    return train_home_desk()
