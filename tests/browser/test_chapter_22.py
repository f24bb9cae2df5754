"""Chapter 22: a typed sentence gets a sense; the table of grades follows every control."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["22_senses_and_grades"], indirect=True)


def test_a_typed_sentence_gets_a_sense_from_every_method(chapter):
    explorer = chapter.explorer("SenseExplorer")
    explorer.says("No sentence typed yet")
    seen = [explorer.shown()]
    line = explorer.area.get_by_role("textbox", name="your sentence")
    line.fill("<b>a bass</b> & a bat")
    line.press("Enter")
    explorer.says("<b>a bass</b> & a bat")
    assert all(row[2] != "–" for row in explorer.table())
    seen.append(explorer.shown())
    explorer.slide("K", "End")
    explorer.says("K = 5")
    seen.append(explorer.shown())
    explorer.choose_next("word")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_kappa_follows_the_grades(chapter):
    explorer = chapter.explorer("AgreementExplorer")
    explorer.says("quadratic kappa 1.0000")
    for count in range(1, 5):
        explorer.slide("off by one", "ArrowRight")
        explorer.says(f"{count} answers off by one")
    explorer.says("Accuracy 0.7333, quadratic kappa 0.8000")
    explorer.choose_next("the grader errs")
    explorer.says("Mean grade given: 1.27")
    explorer.slide("off by two", "End")
    explorer.says("4 off by two")
    chapter.assert_nothing_failed()
