import pytest

from metalearn_lab.exercises.verdict import NOTHING_YET, Verdict, not_yet, right, self_check


@self_check
def check_double(double):
    """Whether the function doubles."""
    if double(3) == 9:
        return not_yet("this is the square, not the double.")
    return right("Twice three is six.") if double(3) == 6 else not_yet("add it to itself.")


@self_check
def check_number(number):
    return right("Yes.") if abs(number - 6) < 1e-3 else not_yet("no.")


def test_a_verdict_shows_itself_as_its_sentence():
    assert repr(Verdict(True, "Right. So it is.")) == "Right. So it is."


def test_right_and_not_yet():
    assert right("Well.") == Verdict(True, "Right. Well.")
    assert not_yet("halve it.") == Verdict(False, "Not yet: halve it.")


def test_a_right_answer_is_right():
    assert check_double(lambda x: 2 * x) == Verdict(True, "Right. Twice three is six.")
    assert check_number(number=6.0).right


def test_a_mistake_that_the_check_knows_gets_its_hint():
    assert check_double(lambda x: x**2).says == "Not yet: this is the square, not the double."


def stub(x):
    raise NotImplementedError("your turn")


def forgetful(x):
    2 * x


def test_no_answer_is_no_mistake():
    for verdict in (check_double(stub), check_double(forgetful), check_number(None)):
        assert not verdict.right
        assert verdict.says.startswith(NOTHING_YET)
    assert "`forgetful` returned None" in check_double(forgetful).says
    assert check_number(number=None) == check_number(None)


def test_what_fails_is_named_by_its_first_line():
    def fails(x):
        raise ValueError("three is too many\nsecond line")

    assert check_double(fails).says.endswith("raised ValueError: three is too many")
    assert check_double(lambda x: [][x]).says.endswith("raised IndexError: list index out of range")
    assert check_number("six").says.startswith("Not yet: your code, or what came out of it, raised")
    assert not check_number("six").right


def test_an_error_without_a_message_is_named_too():
    def fails(x):
        raise LookupError

    assert check_double(fails).says.endswith("raised LookupError")


def test_the_reader_who_stops_the_kernel_stops_it():
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_double(stopped)


def test_a_check_keeps_its_name_and_docstring():
    assert check_double.__name__ == "check_double"
    assert check_double.__doc__ == "Whether the function doubles."
