"""How fast small networks train here: the C compiler, a step's time, and so each chapter's."""

from __future__ import annotations

import csv
import platform
import shlex
import time
from collections.abc import Callable
from importlib.resources import files
from statistics import quantiles
from typing import NamedTuple

from metalearn_lab.workbook.doctor.finding import Finding, ok, warn

# The machine of chapter_seconds.csv: two cores of an AMD EPYC, 2026-11-22, torch 2.13. The times
# are the processor's own, as those of the table are, so that other programs do not count.
STEP_MS, COMPILED_STEP_MS = 2.1, 0.25
_SLOW = 3.0
_TABLE = files("metalearn_lab.workbook.doctor") / "chapter_seconds.csv"
_C_PROGRAM = "int trial(void) { return 1; }\n"
_INSTALL_COMPILER = {
    "Darwin": "`xcode-select --install`",
    "Linux": "`sudo apt install gcc` or your system's like",
    "Windows": "use WSL, or Colab",
}


def compiler() -> Finding:
    """Whether there is a C compiler that works: a trial is compiled and loaded."""
    from metalearn_lab.compiled.c_compiler import find_compiler, load_library
    from metalearn_lab.compiled.not_compilable import NotCompilable

    try:
        load_library((_C_PROGRAM,))
    except (NotCompilable, OSError) as error:
        return warn(
            "C compiler",
            f"{error}. Chapters 00, 03, 04 and 05 train their small networks many times slower",
            f"{_INSTALL_COMPILER.get(platform.system(), 'install gcc or clang')}; until then take "
            "fewer `iterations` in the parameters cell",
        )
    return ok("C compiler", f"{shlex.join(find_compiler())} works")


class ChapterTime(NamedTuple):
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
    times = [f"{row.chapter} {_about(row.here(ratio, compiled))}" for row in chapter_times()]
    found = (
        f"a training step takes {step:.1f} ms, {ratio:.1f} times that of the machine the "
        f"workbook was built on.\n{'':21}To run a chapter takes about: {', '.join(times)}"
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
