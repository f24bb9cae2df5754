"""Pictures as items of episodes: scikit-learn's digits, or Omniglot from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from metalearn_lab.tasks.class_splits import ClassSplit
from metalearn_lab.tasks.seeds import generator


class Pictures(NamedTuple):
    """Grey pictures with a class each.

    Attributes:
        pixels: 0 is background, 1 is ink, ``[pictures, height, width]``.
        labels: class of each, ``[pictures]``.
        published: the classes of each part, where the source says so; else None.
    """

    pixels: Tensor
    labels: Tensor
    published: ClassSplit | None = None

    def split(self, seed: int) -> ClassSplit:
        """Half of the classes to train on, a fifth to choose by, the rest to report on.

        Args:
            seed: of the draw; of no meaning where the source publishes its split.
        """
        if self.published is not None:
            return self.published
        classes = torch.unique(self.labels)
        order = torch.randperm(len(classes), generator=generator("picture classes", seed))
        ends = len(classes) // 2, 7 * len(classes) // 10
        parts = classes[order].tensor_split(ends)
        return ClassSplit(*(tuple(sorted(part.tolist())) for part in parts))


def digits() -> Pictures:
    """1,797 handwritten digits of 8 × 8 pixels, as they come with scikit-learn."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    pixels = torch.from_numpy(loaded.images).float() / 16
    return Pictures(pixels, torch.from_numpy(loaded.target).long())


def omniglot(folder: str | Path, *, side: int = 28) -> Pictures:
    """1,623 handwritten characters, 20 pictures each, with Vinyals' split of the classes.

    Args:
        folder: holds ``train.parquet``, ``validation.parquet`` and ``test.parquet``, with columns
            ``image`` (28 × 28, dark on light) and ``label``.
        side: height and width; smaller ones are means of pixels.

    Raises:
        FileNotFoundError: a file is missing.
    """
    import numpy as np
    from datasets import load_dataset

    files = {part: Path(folder) / f"{part}.parquet" for part in ClassSplit._fields}
    missing = [str(path) for path in files.values() if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"no Omniglot here: {', '.join(missing)} missing")
    pixels, labels = [], []
    parts: list[tuple[int, ...]] = []
    for part, path in files.items():
        rows = load_dataset("parquet", data_files={part: str(path)})[part]
        grey = [np.asarray(image.convert("L")) for image in rows["image"]]
        ink = 1 - torch.from_numpy(np.stack(grey)).float() / 255
        pixels.append(torch.nn.functional.adaptive_avg_pool2d(ink, side))
        first = 1 + max((max(each) for each in parts), default=-1)
        own, numbers = torch.unique(torch.tensor(rows["label"]), return_inverse=True)
        labels.append(first + numbers)
        parts.append(tuple(range(first, first + len(own))))
    return Pictures(torch.cat(pixels), torch.cat(labels), ClassSplit(*parts))
