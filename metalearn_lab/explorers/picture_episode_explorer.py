"""Move through episodes of pictures: how does each reader sort the queries by classes?"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO

import torch
from torch import Tensor

from metalearn_lab.comparison.readers import Reader
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.explorer import Explorer, View, html_view, table_of_rows
from metalearn_lab.tasks.types import Task, first_shots, select_tasks

_SIDE = 34  # of a picture on the screen, in points
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class PictureEpisodeExplorer(Explorer):
    """Controls for the episode, the number of shots K and the reader.

    Each class has a row: its support pictures, and the queries that the reader puts there. A query
    of another class has a frame.

    Args:
        tasks: episodes of pictures, ``x [episodes, items, pixels]``, shot by shot.
        readers: by their titles; they score queries from any support of these classes.
        ways: N.
        side: height and width of the pictures.

    Raises:
        ValueError: no reader, more classes than letters, or pixels that are no such pictures.
    """

    def __init__(self, tasks: Task, readers: Mapping[str, Reader], *, ways: int, side: int) -> None:
        if not readers:
            raise ValueError("nobody reads the pictures: give a reader or more")
        if ways > len(_LETTERS):
            raise ValueError(f"there are {len(_LETTERS)} letters for classes, got {ways}")
        if tasks.query.x.shape[-1] != side**2:
            raise ValueError(f"{tasks.query.x.shape[-1]} pixels are no picture of side {side}")
        self.tasks, self.readers, self.ways, self.side = tasks, dict(readers), ways, side
        most = tasks.support.y.shape[1] // ways
        super().__init__(
            {
                "episode": slider("episode", 0, 0, len(tasks.query.y) - 1),
                "shots": slider("shots K", 1, 1, most),
                "reader": choice("reader", list(readers), next(iter(readers))),
            }
        )

    def read(self, reader: str, episode: int, shots: int) -> Tensor:
        """The class that a reader gives to each query of an episode, ``[queries]``."""
        one = select_tasks(self.tasks, slice(episode, episode + 1))
        task = first_shots(one, self.ways, shots)
        return self.readers[reader](task.support, task.query.x)[0].argmax(1).cpu()

    def view(self, *, episode: int, shots: int, reader: str) -> View:
        """The support pictures, and the queries where the reader puts them."""
        task = select_tasks(self.tasks, episode)
        truth = task.query.y.cpu()
        counts = {
            name: int((self.read(name, episode, shots) == truth).sum()) for name in self.readers
        }
        given = self.read(reader, episode, shots)
        others = "; ".join(f"{name}: {right}" for name, right in counts.items())
        said = (
            f"Episode {episode}, K = {shots}, {reader} reads: {counts[reader]} of {len(truth)} "
            f"queries are right. Right answers of all readers: {others}."
        )
        rows = []
        for label, letter in enumerate(_LETTERS[: self.ways]):
            of_class = (task.support.y == label).nonzero()[:shots, 0]
            support = _pictures(task.support.x[of_class], self.side, [letter] * shots)
            put_here = (given == label).nonzero()[:, 0]
            letters = [_LETTERS[truth[row]] for row in put_here]
            query = _pictures(task.query.x[put_here], self.side, letters, expected=letter)
            rows.append(f'<tr><th scope="row">{letter}</th><td>{support}</td><td>{query}</td></tr>')
        caption = "A query with a frame and ✗ belongs to another class"
        columns = ("class", "support set", f"queries that {reader} puts here")
        table = table_of_rows(escape(caption), columns, rows)
        return html_view(f"<p>{escape(said)}</p>{table}", said)


def _pictures(pixels: Tensor, side: int, letters: Sequence[str], expected: str = "") -> str:
    """Some pictures in a row; one whose class is not the expected one has a frame."""
    shown = []
    for picture, letter in zip(pixels.view(-1, side, side), letters, strict=True):
        wrong = bool(expected) and letter != expected
        frame = "outline:3px solid #d55e00;" if wrong else ""
        source = base64.b64encode(_png(picture)).decode()
        shown.append(
            f'<img alt="a picture of class {letter}{", put wrongly" if wrong else ""}" '
            f'style="{frame}image-rendering:pixelated;margin:3px" width="{_SIDE}" '
            f'height="{_SIDE}" src="data:image/png;base64,{source}">' + ("✗" if wrong else "")
        )
    return " ".join(shown)


def _png(picture: Tensor) -> bytes:
    """Dark ink on white."""
    from PIL import Image

    grey = (255 * (1 - picture.clamp(0, 1))).to(torch.uint8).cpu().numpy()
    buffer = BytesIO()
    Image.fromarray(grey).save(buffer, "png")
    return buffer.getvalue()
