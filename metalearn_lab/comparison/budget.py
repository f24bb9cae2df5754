"""What every method of a comparison may spend."""

from __future__ import annotations

from dataclasses import dataclass

from metalearn_lab.learners.settings import whole_number


@dataclass(frozen=True)
class Budget:
    """One budget for all: the same data, the same number of trials, the same unseen episodes.

    Attributes:
        iterations: outer steps of a training.
        meta_batch: training episodes an outer step sees; joint pretraining sees the same
            sentences without the episodes.
        inner_steps: k while training.
        test_steps: adaptation may take up to so many steps at test time; how many is chosen on
            the validation classes, like every other setting.
        validation_episodes: episodes of validation classes that settings are chosen by.
        test_episodes: unseen-class episodes a score is taken over.

    Raises:
        ValueError: a number below 1, or below 2 for the episodes.
    """

    iterations: int = 500
    meta_batch: int = 4
    inner_steps: int = 5
    test_steps: int = 20
    validation_episodes: int = 200
    test_episodes: int = 600

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value in vars(self).items():
            least = 2 if name.endswith("episodes") else 1
            whole_number(value, least, f"{name} must be {least} or more")
