"""Five questions, nine answers each, no answer twice."""

from collections import Counter

from metalearn_lab.tasks.graded_answers import GRADES, graded_answers


def test_three_answers_of_each_grade_to_five_questions():
    answers = graded_answers()
    counts = Counter((each.question, each.grade) for each in answers)
    assert len(counts) == 5 * GRADES
    assert set(counts.values()) == {3}
    assert len({each.answer for each in answers}) == len(answers)
