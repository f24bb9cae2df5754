"""Search settings: Optuna proposes trials, at random or from what earlier ones gave."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

SAMPLERS = ("tpe", "random")
Settings = Mapping[str, Any]


class Trial(NamedTuple):
    """One choice of settings, and what it gave.

    Attributes:
        settings: by name.
        value: to be made low or high; None where the run failed or gave no finite number.
    """

    settings: Settings
    value: float | None


def search(
    space: Mapping[str, BaseDistribution],
    values_of: Callable[[Sequence[Settings]], Sequence[float | None]],
    *,
    trials: int,
    lowest: bool,
    sampler: str = "tpe",
    seed: int = 0,
    at_once: int = 1,
) -> list[Trial]:
    """Try settings, and let the sampler propose the next ones from what they gave.

    The same arguments and the same values give the same trials. TPE draws its first ten trials at
    random, and then more often where good trials were.

    Args:
        space: where each setting is looked for.
        values_of: gives the values of some settings, in their order.
        trials: how many.
        lowest: whether low values are good, or high ones.
        sampler: ``tpe`` or ``random``.
        seed: of the sampler.
        at_once: trials that are proposed together, before any of their values is known.

    Raises:
        ValueError: no such sampler, or numbers below 1.

    Source: Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization",
    NeurIPS 2011, for TPE.
    """
    import optuna

    if sampler not in SAMPLERS:
        raise ValueError(f"the sampler is {' or '.join(SAMPLERS)}, not {sampler!r}")
    if min(trials, at_once) < 1:
        raise ValueError(f"a search has one trial or more, got {trials} trials, {at_once} at once")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="minimize" if lowest else "maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=at_once > 1)
        if sampler == "tpe"
        else optuna.samplers.RandomSampler(seed=seed),
    )
    tried: list[Trial] = []
    while len(tried) < trials:
        asked = [study.ask(dict(space)) for _ in range(min(at_once, trials - len(tried)))]
        for trial, value in zip(asked, values_of([each.params for each in asked]), strict=True):
            finite = value if value is not None and math.isfinite(value) else None
            failed = optuna.trial.TrialState.FAIL if finite is None else None
            study.tell(trial, finite, state=failed)
            tried.append(Trial(dict(trial.params), finite))
    return tried


def best_so_far(trials: Sequence[Trial], lowest: bool) -> list[float]:
    """The best value up to each trial; NaN as long as all have failed."""
    best, values = math.nan, []
    for _, value in trials:
        if value is not None and not (best <= value if lowest else best >= value):
            best = value
        values.append(best)
    return values


def best_trial(trials: Sequence[Trial], lowest: bool) -> Trial | None:
    """The best, the first of equal ones; None if all failed."""
    ended = [(value, trial) for trial in trials if (value := trial.value) is not None]
    best = min if lowest else max
    return best(ended, key=lambda pair: pair[0])[1] if ended else None
