"""Set Reptile's k, ε and n, and watch where its outer steps lead on three bowls in the plane."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.experiments.reptile_path import reptile_path
from metalearn_lab.explorers.controls import choice, float_slider, slider, toggle
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.reptile_path import ReptilePath, inside, reptile_path_scene
from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics

INNER_LR = 0.1
OUTER_STEPS = 60
PRETRAINED = "the optimum of pretraining"
_STARTS = {"upper left": (-2.6, 2.4), "lower right": (2.6, -1.8)}


class ReptilePathExplorer(Explorer):
    """Controls for k, ε, n, the start and a mistake; the path on pretraining's loss.

    Every step is in closed form: α is 0.1, and 60 outer steps are shown.

    Args:
        tasks: what is trained on.

    Attributes:
        path: φ after 0, 1, … outer steps, ``[61, 2]``.
    """

    def __init__(self, tasks: PlanarQuadratics) -> None:
        self.tasks = tasks
        self.optimum = tasks.stationary_point("joint", inner_lr=INNER_LR, inner_steps=1)
        self.scene = reptile_path_scene(tasks, self.optimum)
        super().__init__(
            {
                "k": slider("inner steps k", 10, 1, 20),
                "epsilon": float_slider("outer step ε", 0.3, 0.05, 1.0, 0.05),
                "n": slider("meta-batch n", len(tasks.centres), 1, 2 * len(tasks.centres)),
                "start": choice("start", [*_STARTS, PRETRAINED], PRETRAINED),
                "forget": toggle("forget 1/n", False),
            }
        )

    def view(self, *, k: int, epsilon: float, n: int, start: str, forget: bool) -> View:
        """The path from the start, and where it tends to."""
        begin = (
            self.optimum
            if start == PRETRAINED
            else torch.tensor(_STARTS[start], dtype=torch.float64)
        )
        self.path = reptile_path(
            self.tasks,
            begin,
            inner_lr=INNER_LR,
            inner_steps=k,
            outer_step=epsilon,
            meta_batch=n,
            outer_steps=OUTER_STEPS,
            averaged=not forget,
        )
        settles = self.tasks.stationary_point("reptile", inner_lr=INNER_LR, inner_steps=k)
        points = {
            "optimum of pretraining": self.optimum,
            "where Reptile settles": settles,
            f"φ after {OUTER_STEPS} outer steps": self.path[-1],
        }
        setting = f"k = {k}, ε = {epsilon:.2f}, n = {n}"
        forgotten = ", 1/n forgotten" if forget else ""
        table = Table(
            f"Where it leads: {setting}, from {start}{forgotten}",
            ("point", "φ₁", "φ₂", "from that optimum", "loss before", "loss after k steps"),
            [self._row(name, point, k) for name, point in points.items()],
        )
        alt = (
            f"Contours of the pretraining loss of three tasks and Reptile's path. {table.caption}. "
            f"Reptile settles {self._away(settles):.2f} from the optimum of pretraining. "
            f"{self._note()}"
        )
        picture = ReptilePath(self.path, settles, setting + forgotten)
        return picture_view(self.scene.bundle(picture, alt), table, self._note())

    def _row(self, name: str, point: Tensor, k: int) -> list[str]:
        before = self.tasks.loss(point)
        after = self.tasks.loss_after(point, inner_lr=INNER_LR, inner_steps=k)
        numbers = (*point.tolist(), self._away(point), before.item(), after.item())
        return [name, *map(_text, numbers)]

    def _note(self) -> str:
        outside = (~inside(self.path)).nonzero()
        if len(outside):
            return f"The path leaves the picture at outer step {int(outside[0])}."
        return (
            f"After {OUTER_STEPS} outer steps φ is {self._away(self.path[-1]):.2f} from the "
            "optimum of pretraining."
        )

    def _away(self, point: Tensor) -> float:
        """Distance from the optimum of pretraining."""
        return float((point - self.optimum).norm())


def _text(value: float) -> str:
    return f"{value + 0.0:.2f}" if abs(value) < 1000 else f"{value:.0e}"
