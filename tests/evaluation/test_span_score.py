"""Spans and their scores are those of published examples, of a naive scorer, and of seqeval."""

import itertools
import random

import pytest

from metalearn_lab.evaluation.span_score import (
    Counts,
    Span,
    count_spans,
    macro_f1,
    micro,
    spans_of,
    tags_of,
    token_accuracy,
)

ALPHABETS = {"io": ["O", "I"], "bio": ["O", "B", "I"], "bioes": ["O", "B", "I", "E", "S"]}


def random_tags(rng, scheme, length):
    drawn = [
        (prefix, rng.choice(["PER", "LOC"])) for prefix in rng.choices(ALPHABETS[scheme], k=length)
    ]
    return ["O" if prefix == "O" else f"{prefix}-{kind}" for prefix, kind in drawn]


def random_pairs(scheme, count, seed=0):
    rng = random.Random(f"{scheme} {seed}")
    lengths = [rng.randrange(1, 9) for _ in range(count)]
    return [[random_tags(rng, scheme, n) for n in lengths] for _ in range(2)]


# A second scorer that shares nothing with the first: every stretch of tokens is asked whether it
# is an entity.
def naive_spans(tags, strict=None):
    found = set()
    for first in range(len(tags)):
        for end in range(first + 1, len(tags) + 1):
            inside, kind = tags[first:end], tags[first][2:]
            after = tags[end] if end < len(tags) else "O"
            before = tags[first - 1] if first else "O"
            if strict == "io":
                whole = set(inside) == {f"I-{kind}"} and f"I-{kind}" not in (before, after)
            elif strict == "bio":
                whole = inside == [f"B-{kind}"] + [f"I-{kind}"] * (end - first - 1)
                whole = whole and after != f"I-{kind}"
            elif strict == "bioes":
                middle = [f"I-{kind}"] * (end - first - 2)
                whole = inside in ([f"S-{kind}"], [f"B-{kind}", *middle, f"E-{kind}"])
            else:
                goes_on = [continues(a, b) for a, b in itertools.pairwise(inside)]
                whole = (
                    "O" not in inside
                    and all(goes_on)
                    and not continues(before, tags[first])
                    and not continues(inside[-1], after)
                )
            if whole and kind:
                found.add((kind, first, end))
    return found


def continues(before, now):
    return now[:2] in ("I-", "E-") and before[:2] in ("B-", "I-") and before[2:] == now[2:]


@pytest.mark.parametrize("scheme", ALPHABETS)
@pytest.mark.parametrize("strict", [False, True])
def test_spans_are_those_of_the_naive_scorer(scheme, strict):
    mode = scheme if strict else None
    for tags in random_pairs(scheme, 1000)[0]:
        assert set(spans_of(tags, mode)) == naive_spans(tags, mode), tags


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
@pytest.mark.parametrize("strict", [False, True])
def test_scores_are_those_of_seqeval(scheme, strict):
    """On 3,000 pairs, one by one and all together; where the library is installed."""
    pytest.importorskip("seqeval", reason="seqeval is not installed: pip install seqeval")
    from seqeval.metrics import classification_report, f1_score
    from seqeval.scheme import IOB2, IOBES

    how = {"zero_division": 0}
    if strict:
        how |= {"mode": "strict", "scheme": {"bio": IOB2, "bioes": IOBES}[scheme]}
    gold, predicted = random_pairs(scheme, 3000)
    mode = scheme if strict else None
    for own, given in zip(gold, predicted, strict=True):
        f1 = micro(count_spans([own], [given], mode)).f1
        assert f1 == pytest.approx(f1_score([own], [given], **how)), (own, given)
    counts = count_spans(gold, predicted, mode)
    report = classification_report(gold, predicted, output_dict=True, **how)
    for kind, each in counts.items():
        expected = report[kind]
        assert each.precision == pytest.approx(expected["precision"])
        assert each.recall == pytest.approx(expected["recall"])
        assert each.f1 == pytest.approx(expected["f1-score"])
        assert each.gold == expected["support"]
    assert macro_f1(counts) == pytest.approx(report["macro avg"]["f1-score"])
    assert micro(counts).f1 == pytest.approx(report["micro avg"]["f1-score"])


def test_the_published_examples_of_seqeval():
    gold, predicted = [["B-NP", "I-NP", "O"]], [["I-NP", "I-NP", "O"]]
    assert micro(count_spans(gold, predicted)).f1 == 1.0
    assert micro(count_spans(gold, predicted, strict="bio")).f1 == 0.0
    gold = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    predicted = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    counts = count_spans(gold, predicted)
    assert micro(counts).f1 == 0.5
    assert counts == {"MISC": Counts(0, 1, 1), "PER": Counts(1, 1, 1)}
    assert macro_f1(counts) == 0.5


def test_a_missed_token_costs_a_tenth_of_the_tokens_and_a_third_of_the_entities():
    gold = [["B-PER", "I-PER", "O", "B-LOC", "O", "O", "B-ORG", "I-ORG", "O", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-LOC", "O", "O", "B-ORG", "O", "O", "O"]]
    score = micro(count_spans(gold, predicted))
    assert token_accuracy(gold, predicted) == 0.9
    assert score.precision == score.recall == score.f1 == pytest.approx(2 / 3)


def test_io_melts_two_neighbours_of_one_type_into_one_span():
    spans = [Span("PER", 0, 1), Span("PER", 1, 3)]
    assert spans_of(tags_of(spans, 4, "io")) == [Span("PER", 0, 3)]
    counts = count_spans([tags_of(spans, 4, "bio")], [tags_of(spans, 4, "io")])
    assert micro(counts).f1 == 0


def test_always_o_has_a_high_accuracy_and_no_f1():
    gold = [["O"] * 33 + ["B-PER"] * 7]
    score = micro(count_spans(gold, [["O"] * 40]))
    assert token_accuracy(gold, [["O"] * 40]) == 0.825
    assert score == Counts(0, 0, 7)
    assert score.f1 == score.precision == 0


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_spans_come_back_from_their_tags(scheme):
    for tags in random_pairs("bio", 200)[0]:
        spans = spans_of(tags)
        written = tags_of(spans, len(tags), scheme)
        assert spans_of(written) == spans_of(written, strict=scheme) == spans


def test_micro_weighs_spans_and_macro_types():
    counts = {"PER": Counts(9, 10, 10), "LOC": Counts(0, 0, 1)}
    assert micro(counts).f1 == pytest.approx(18 / 21)
    assert macro_f1(counts) == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spans_of(["PER"]), "a tag is O, or B-"),
        (lambda: spans_of(["O"], strict="iob"), "a scheme is one of"),
        (lambda: tags_of([Span("PER", 0, 2), Span("LOC", 1, 3)], 3), "overlaps another"),
        (lambda: tags_of([Span("PER", 2, 5)], 4), "outside of the 4 tokens"),
        (lambda: count_spans([["O"]], [["O", "O"]]), "one predicted tag for each token"),
        (lambda: macro_f1({}), "no type"),
        (lambda: token_accuracy([], []), "no tokens"),
    ],
)
def test_what_cannot_be_scored_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
