"""Move the number of shots: which way of adapting does best, and how much must it train?"""

from __future__ import annotations

from collections.abc import Mapping

from metalearn_lab.evaluation.few_shot_score import FewShotScore
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.explorers.controls import choice, stops_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.shots import RANK, Shots, label, shots_scene

Scores = Mapping[str, Mapping[int, FewShotScore]]
"""By method, LoRA under ``lora_RANK``, and number of shots; all on the same episodes."""


class ShotsExplorer(Explorer):
    """Controls for K, the rank of LoRA, and the method that the others are compared with.

    Args:
        scores: of every method at every K, computed beforehand.
        chance: accuracy of a guess.

    Raises:
        ValueError: no LoRA among the scores, or not every method has every K on the same number
            of episodes.
    """

    def __init__(self, scores: Scores, *, chance: float) -> None:
        self.scores = {name: dict(by_shots) for name, by_shots in scores.items()}
        shots = {tuple(sorted(by_shots)) for by_shots in scores.values()}
        counts = {len(score.accuracy) for by in scores.values() for score in by.values()}
        if len(shots) != 1 or len(counts) != 1:
            raise ValueError(
                "every method needs a score at every number of shots, all on the same episodes: "
                f"got shots {sorted(shots)} and numbers of episodes {sorted(counts)}"
            )
        self.episodes, stops = counts.pop(), shots.pop()
        means = {n: {k: score.mean for k, score in by.items()} for n, by in scores.items()}
        trainable = {n: next(iter(by.values())).trainable for n, by in scores.items()}
        self.scene = shots_scene(means, trainable, chance=chance)
        ranks = [name.removeprefix(RANK) for name in scores if name.startswith(RANK)]
        if not ranks:
            raise ValueError(f"no LoRA among the scores: give one under {RANK}1 or another rank")
        super().__init__(
            {
                "shots": stops_slider("shots K", stops, stops[-1]),
                "rank": choice("rank of LoRA", ranks, ranks[len(ranks) // 2]),
                "reference": choice(
                    "compared with", {label(name): name for name in scores}, next(iter(scores))
                ),
            }
        )

    def view(self, *, shots: int, rank: str, reference: str) -> View:
        """All methods at K, and each less the reference, episode by episode."""
        table = Table(
            f"{shots}-shot accuracy in per cent over {self.episodes} unseen-class episodes, with "
            f"its 95 % interval; differences to {label(reference)} on the same episodes",
            ("method", "trainable numbers", "α, steps chosen", "accuracy", "difference"),
            [self._row(name, shots, reference) for name in self.scores],
        )
        worst, *_, best = sorted(
            self.scores, key=lambda name: self.scores[name][shots].accuracy.mean().item()
        )
        highest, lowest = (
            f"{label(name)}, {_percent(self.scores[name][shots])} per cent"
            for name in (best, worst)
        )
        alt = (
            f"Accuracy against shots and against trainable numbers. At K = {shots} highest is "
            f"{highest}; lowest is {lowest}. The left panel shows LoRA of rank {rank}."
        )
        return picture_view(self.scene.bundle(Shots(shots, int(rank)), alt), table)

    def _row(self, name: str, shots: int, reference: str) -> list[str]:
        score = self.scores[name][shots]
        gap = interval_over_tasks(100 * (score.accuracy - self.scores[reference][shots].accuracy))
        return [
            label(name),
            f"{score.trainable:,}",
            "–" if score.inner_lr is None else f"{score.inner_lr:g}, {score.steps}",
            _percent(score),
            "–" if name == reference else f"{gap.mean:+.1f} ± {gap.half_width:.1f}",
        ]


def _percent(score: FewShotScore) -> str:
    mean, half, _ = score.mean
    return f"{100 * mean:.1f} ± {100 * half:.1f}"
