"""How long a small training step takes here, and so about how long each chapter."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from statistics import quantiles

from metalearn_lab.workbook.doctor.finding import Finding, ok, warn

# The machine of chapter_seconds.csv: two cores of an AMD EPYC, 2026-11-22, torch 2.13. The times
# are the processor's own, as those of the table are, so that other programs do not count.
STEP_MS, COMPILED_STEP_MS = 2.1, 0.25
_SLOW = 3.0
_TABLE = files("metalearn_lab.workbook.doctor") / "chapter_seconds.csv"


@dataclass(frozen=True)
class ChapterTime:
    """What a chapter took at its own parameters.

    Attributes:
        chapter: its number, in two digits.
        seconds: in all, headless, with a C compiler.
        compiled_steps: training steps in it that were compiled.
    """

    chapter: str
    seconds: float
    compiled_steps: int

    def here(self, ratio: float, compiled: bool) -> float:
        """Seconds on a machine whose step takes ``ratio`` times as long."""
        slower = 0 if compiled else self.compiled_steps * (STEP_MS - COMPILED_STEP_MS) / 1000
        return ratio * (self.seconds + slower)


def chapter_times() -> list[ChapterTime]:
    """The committed table."""
    rows = csv.DictReader(_TABLE.read_text(encoding="utf-8").splitlines())
    return [
        ChapterTime(row["chapter"], float(row["seconds"]), int(row["compiled_steps"]))
        for row in rows
    ]


def speed(compiled: bool) -> Finding:
    """The time of a step, and what it makes of the chapters' times.

    Args:
        compiled: whether there is a C compiler that works.
    """
    step = step_milliseconds()
    ratio = step / STEP_MS
    times = ", ".join(
        f"{each.chapter} {_about(each.here(ratio, compiled))}" for each in chapter_times()
    )
    found = (
        f"a training step takes {step:.1f} ms, {ratio:.1f} times that of the machine the "
        f"workbook was built on.\n{'':21}To run a chapter takes about: {times}"
    )
    if ratio > _SLOW:
        return warn(
            "speed",
            found,
            "plug the machine in and close other programs; divide the `iterations` of the "
            f"parameters cell by {ratio:.0f}, or take Colab",
        )
    return ok("speed", found)


def _about(seconds: float) -> str:
    """Rounded up to what a plan for a lesson needs."""
    if seconds < 55:
        return f"{max(10, 10 * -(-int(seconds) // 10))} s"
    return f"{-(-int(seconds) // 60)} min"


def step_milliseconds(budget: float = 0.8) -> float:
    """The lower quartile of steps of MAML on sinusoids, which busy moments hardly move.

    Args:
        budget: seconds of the processor to spend; the first steps are not counted.
    """
    step, milliseconds = _maml_step(), list[float]()
    begin = time.process_time()
    while len(milliseconds) < 8 or time.process_time() - begin < budget:
        before = time.process_time()
        step(len(milliseconds))
        milliseconds.append(1000 * (time.process_time() - before))
    return quantiles(milliseconds[3:], n=4)[0]


def _maml_step() -> Callable[[int], object]:
    """One outer step of the published sinusoid run, in PyTorch."""
    from torch.nn import functional as F
    from torch.optim import Adam

    from metalearn_lab.learners.maml import MAML
    from metalearn_lab.models.mlp import MLP
    from metalearn_lab.tasks.sinusoids import Sinusoids
    from metalearn_lab.training.outer_step import OuterStep

    learner = MAML(MLP([1, 40, 40, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
    outer = OuterStep(learner, Adam(learner.parameters(), fused=True))
    tasks = Sinusoids(shots=10, queries=10)
    return lambda iteration: outer.step(tasks.batch(25 * iteration, 25))
