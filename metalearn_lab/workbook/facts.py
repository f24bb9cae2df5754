"""Claims of a chapter that are counted: each with its number, whether it holds, and by how much.

A **proof** is an identity or a closed form: it holds always. A **finding** is what an experiment
showed: it may turn round with another seed. Whether either holds is computed from the number that
is shown with it, so that the two cannot come apart.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.workbook.json_numbers import with_names
from metalearn_lab.workbook.notebook_file import outputs_of_type

FACT_MIME = "application/vnd.metalearn-lab.fact+json"
KINDS = ("proof", "finding")
MOST_NUMBERS = 100
"""No more of a fact's numbers are kept than this; of more, the last is the sum of all."""


def proof(
    claim: str, value: Any, *, above: float | None = None, below: float | None = None
) -> None:
    """Show an identity or a closed form with its number, and leave it where `run` finds it.

    Args:
        claim: one sentence that says what holds.
        value: one number or many (a tensor, an array, a list, a dictionary), of which each must lie
            between the bounds; an `Interval`, of which both ends must; or truth values, of which
            each must be True, without bounds. NaN lies nowhere.
        above: what each number is greater than.
        below: what each number is less than.

    Raises:
        TypeError: a value is neither a number nor a truth value, or some are one and some the
            other.
        ValueError: there is no value, numbers have no bound, truth values have one, or no number
            lies between the bounds.
    """
    _show(fact_bundle("proof", claim, value, above=above, below=below))


def finding(
    claim: str,
    value: Any,
    *,
    above: float | None = None,
    below: float | None = None,
    share: str = "",
    saved: str = "",
) -> None:
    """Show what an experiment showed with its number, and leave it where `run` finds it.

    Args:
        claim: one sentence that says what holds.
        value: as for `proof`.
        above: what each number is greater than.
        below: what each number is less than.
        share: in how many of its trainings or splits it holds, if not in all: ``4 of 5 seeds``.
            Such a finding may be False in a run.
        saved: what it is taken over, if its numbers come from a saved table: ``15 splits``.

    Raises:
        TypeError: a value is neither a number nor a truth value, or some are one and some the
            other.
        ValueError: there is no value, numbers have no bound, truth values have one, or no number
            lies between the bounds.
    """
    _show(fact_bundle("finding", claim, value, above=above, below=below, share=share, saved=saved))


class Bundle(NamedTuple):
    """What is displayed of a fact.

    Attributes:
        data: by MIME type; nothing in it but the number's text changes from machine to machine.
        metadata: the numbers.
    """

    data: dict[str, Any]
    metadata: dict[str, Any]


def fact_bundle(
    kind: str,
    claim: str,
    value: Any,
    *,
    above: float | None = None,
    below: float | None = None,
    share: str = "",
    saved: str = "",
) -> Bundle:
    """What `proof` and `finding` display; see there."""
    for name, text in (("claim", claim), ("share", share), ("saved", saved)):
        if not isinstance(text, str):
            raise TypeError(f"the {name} of a fact is a text, not {text!r}")
    above, below = (None if bound is None else float(bound) for bound in (above, below))
    bounds = [bound for bound in (above, below) if bound is not None]
    if any(map(math.isnan, bounds)) or bounds != sorted(set(bounds)):
        between = " and ".join(f"{bound:g}" for bound in bounds)
        raise ValueError(f"no number lies in the bounds {between} of the fact '{claim}'")
    parts = list(_parts(value))
    if not parts:
        raise ValueError(f"the fact '{claim}' has no value")
    truths = [isinstance(part, bool) for part in parts]
    if any(truths) and not all(truths):
        raise TypeError(f"the fact '{claim}' mixes numbers and truth values: make two of it")
    if all(truths):
        if above is not None or below is not None:
            raise ValueError(f"the fact '{claim}' is True or False: it takes no bound")
        holds, margin, shown = all(parts), None, ""
        numbers = [float(part) for part in parts]
    else:
        if above is None and below is None:
            raise ValueError(f"the fact '{claim}' has a number: give `above`, `below` or both")
        ends = [part if isinstance(part, tuple) else (part, part) for part in parts]
        margins = [m for low, high in ends for m in _margins(low, high, above, below)]
        margin = math.nan if any(map(math.isnan, margins)) else min(margins)
        holds = bool(margin > 0)
        shown = _between(_in_words(ends, bounds), above, below)
        numbers = [end for pair in ends for end in dict.fromkeys(pair)]
    claim_and_share = f"{claim} (in {share})" if share else claim
    said = f" [{shown}]" if shown else ""
    data = {
        "text/plain": f"{claim_and_share}: {holds}{said}",
        "text/html": f'<p class="fact {kind}{"" if holds else " false"}">'
        f"{html.escape(claim_and_share)}: <strong>{holds}</strong>{html.escape(said)}</p>",
        FACT_MIME: {"kind": kind, "claim": claim, "holds": holds, "share": share, "saved": saved},
    }
    if len(numbers) > MOST_NUMBERS:
        numbers = [*numbers[: MOST_NUMBERS - 1], sum(numbers)]  # which tells others apart
    measured = {"shown": shown, "margin": margin, "numbers": numbers}
    return Bundle(data, {FACT_MIME: with_names(measured)})


def _show(bundle: Bundle) -> None:
    from IPython.display import display

    display(bundle.data, raw=True, metadata=bundle.metadata)


def _parts(value: Any) -> Iterator[Any]:
    """Truth values, numbers, and intervals as their two ends."""
    if isinstance(value, Interval):
        for mean, half in zip(_parts(value.mean), _parts(value.half_width), strict=True):
            yield mean - abs(half), mean + abs(half)
    elif isinstance(value, bool):
        yield value
    elif isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, Mapping):
        yield from _parts(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
    elif hasattr(value, "tolist"):  # a tensor, an array, a column of a table
        yield from _parts(value.tolist())
    else:
        raise TypeError(
            f"a fact's value is a number or a truth value, not a {type(value).__name__}"
        )


def _margins(low: float, high: float, above: float | None, below: float | None) -> Iterator[float]:
    """How far a number lies inside its bounds; below 0 outside of them."""
    if above is not None:
        yield low - above
    if below is not None:
        yield below - high


def _in_words(ends: Sequence[tuple[float, float]], bounds: Sequence[float]) -> str:
    """The number, or the smallest and largest of many, in digits that tell it from its bounds."""
    missing = sum(math.isnan(low + high) for low, high in ends)
    if missing:
        return "NaN" if len(ends) == 1 else f"NaN in {missing} of {len(ends)}"
    lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
    if len(ends) == 1 and lowest != highest:
        return f"{(lowest + highest) / 2:.3g} ± {(highest - lowest) / 2:.2g}"
    return " to ".join(_digits(number, bounds) for number in sorted({lowest, highest}))


def _digits(number: float, bounds: Sequence[float]) -> str:
    if all(f"{number:.3g}" != f"{bound:.3g}" or number == bound for bound in bounds):
        return f"{number:.3g}"
    return repr(number)


def _between(number: str, above: float | None, below: float | None) -> str:
    if above is not None and below is not None:
        return f"{above:g} < {number} < {below:g}"
    return f"{number} > {above:g}" if below is None else f"{number} < {below:g}"


def collect_facts(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The facts of an executed notebook, in order.

    Each has ``kind``, ``claim``, ``holds``, ``share``, ``saved``, ``shown`` (its number in words),
    ``margin`` (how far the number lies inside its bounds; None where there is none) and
    ``numbers``.

    Raises:
        ValueError: one has another form; `proof` and `finding` make none like that. Or a claim
            stands twice.
    """
    facts = [
        {**output["data"][FACT_MIME], **output.get("metadata", {}).get(FACT_MIME, {})}
        for output in outputs_of_type(notebook, FACT_MIME)
    ]
    check_facts(facts)
    claims = [fact["claim"] for fact in facts]
    if repeated := [claim for claim in claims if claims.count(claim) > 1]:
        raise ValueError(f"the claim '{repeated[0]}' stands twice: facts are told apart by claims")
    return facts


def unexpected_facts(facts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The facts that do not hold, but for those that say in how many runs they do."""
    return [fact for fact in facts if not fact["holds"] and not fact["share"]]


def check_facts(facts: Sequence[Any]) -> None:
    """See that facts read from a file have the form that `collect_facts` gives them.

    Raises:
        ValueError: one has not.
    """
    for fact in facts:
        if not _is_fact(fact):
            raise ValueError(f"not a fact with a claim that holds or not: {str(fact)[:80]}")


def _is_fact(fact: Any) -> bool:
    fields = {
        "claim": str,
        "holds": bool,
        "share": str,
        "saved": str,
        "shown": str,
        "numbers": list,
    }
    return (
        isinstance(fact, dict)
        and set(fact) == {"kind", "margin", *fields}
        and fact["kind"] in KINDS
        and all(isinstance(fact[name], kind) for name, kind in fields.items())
        and isinstance(fact["margin"], int | float | str | None)
        and all(isinstance(number, int | float | str) for number in fact["numbers"])
    )
