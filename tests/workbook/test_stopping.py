"""What comes of signals inside a command, and what is as before behind it."""

import os
import signal

import pytest

from metalearn_lab.workbook.stopping import SIGNALS, Stopped, stoppable


@pytest.fixture(autouse=True)
def _as_in_a_terminal():
    """Python's handlers of a process in the foreground, whatever these tests were started in."""
    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        own = signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL
        signal.signal(each, own)
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_ends_what_is_inside_with_its_own_status(number):
    before = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(Stopped) as stopped, stoppable():
        os.kill(os.getpid(), number)
    assert stopped.value.status == 128 + number
    assert [signal.getsignal(each) for each in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_what_was_ignored_from_the_start_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    with stoppable():
        os.kill(os.getpid(), number)
    others = [each for each in SIGNALS if each != number]
    for other in others:
        with pytest.raises(Stopped), stoppable():
            os.kill(os.getpid(), other)
    assert signal.getsignal(number) is signal.SIG_IGN


def test_it_is_a_ctrl_c_for_whoever_tidies_up():
    with pytest.raises(KeyboardInterrupt), stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
