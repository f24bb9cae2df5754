"""Two equal methods, episodes arriving one by one: how often does one of them seem to win?"""

from __future__ import annotations

from torch import Tensor

from metalearn_lab.experiments.equal_methods import FIRST_LOOK, Replays, replay_equal_methods
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.interval_replay import IntervalReplay, interval_replay_scene

MARGIN = 0.02
"""A lead that a reader of two bare means may take for one."""

RULES = (
    "a mean leads by 2 points",
    "the two intervals do not meet",
    "the interval of the difference leaves out 0",
    f"the same, looked at after every episode from the {FIRST_LOOK}th",
)
_PAIRED = {"the same for both (paired)": "paired", "each its own (unpaired)": "unpaired"}


class IntervalReplayExplorer(Explorer):
    """Controls for the episodes so far, the replay, and whether both methods share episodes.

    Args:
        halves: a learner's accuracies on the two halves of each episode's questions,
            ``[episodes, 2]``.
        replays: how many replays there are.

    Raises:
        ValueError: fewer than four episodes, or not two halves.
    """

    def __init__(self, halves: Tensor, *, replays: int = 1000) -> None:
        self.replays = {
            kind: replay_equal_methods(halves.double(), paired=kind == "paired", replays=replays)
            for kind in _PAIRED.values()
        }
        self.winners = {kind: _winners(each) for kind, each in self.replays.items()}
        self.shares = {
            kind: {rule: has_winner.double().mean(0) for rule, has_winner in winners.items()}
            for kind, winners in self.winners.items()
        }
        most = self.replays["paired"].scores.shape[1]
        self.scene = interval_replay_scene(
            RULES, most_episodes=most, middle=float(halves.mean()), replays=replays
        )
        super().__init__(
            {
                "episodes": slider("episodes", min(100, most), 2, most),
                "replay": slider("replay", 0, 0, replays - 1),
                "pairing": choice("episodes are", _PAIRED, "unpaired"),
            }
        )

    def view(self, *, episodes: int, replay: int, pairing: str) -> View:
        """One replay up to some episode, and what a thousand of them say there."""
        shown, at = self.replays[pairing], (replay, episodes - 1)
        (a, b), (half_a, half_b) = shown.means[at], shown.half_widths[at]
        apart, half = shown.difference[at], shown.difference_half_width[at]
        caption = (
            f"Replay {replay} after {episodes} {pairing} episodes: method A "
            f"{100 * a:.1f} ± {100 * half_a:.1f} %, method B {100 * b:.1f} ± {100 * half_b:.1f} %, "
            f"difference {100 * apart:+.1f} ± {100 * half:.1f} points. The methods are equal."
        )
        leader, shares = "A" if apart > 0 else "B", self.shares[pairing]
        table = Table(
            caption,
            ("a winner is called when", "in this replay", f"in {len(shown.scores):,} replays"),
            [
                (
                    rule,
                    leader if has_winner[at] else "none",
                    f"{100 * shares[rule][episodes - 1]:.1f} %",
                )
                for rule, has_winner in self.winners[pairing].items()
            ],
        )
        picture = IntervalReplay(
            f"Replay {replay}, {episodes} {pairing} episodes, 95 % intervals",
            shown.means[replay],
            shown.half_widths[replay],
            shares,
            episodes,
        )
        alt = f"{caption} " + "; ".join(f"{rule}: {share}" for rule, _, share in table.rows)
        return picture_view(self.scene.bundle(picture, alt), table)


def _winners(replays: Replays) -> dict[str, Tensor]:
    """By rule, whether it finds a winner, ``[replays, episodes]``."""
    return {
        RULES[0]: replays.leads_by(MARGIN),
        RULES[1]: replays.apart,
        RULES[2]: replays.differs,
        RULES[3]: replays.ever_differed,
    }
