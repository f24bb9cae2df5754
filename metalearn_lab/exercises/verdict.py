"""What a self-check says of a reader's answer."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ParamSpec

from metalearn_lab.exercises.untouched import same, snapshot

Arguments = ParamSpec("Arguments")

NOTHING_YET = "Nothing here yet"


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a self-check found; a notebook shows it as its sentence.

    Attributes:
        right: whether the answer is right.
        says: the sentence for the reader.
    """

    right: bool
    says: str

    def __repr__(self) -> str:
        return self.says


class Refused(Exception):
    """An answer that cannot be compared at all; the message is the hint for the reader."""


class _NoAnswer(Exception):
    """A function of the reader's returned None."""


def right(text: str) -> Verdict:
    """The answer is right; the text, a sentence, says what that shows."""
    return Verdict(True, f"Right. {text}")


def not_yet(hint: str) -> Verdict:
    """The answer is wrong; the hint names the likely mistake, or the way on."""
    return Verdict(False, f"Not yet: {hint}")


def judged(praise: str, hints: Iterable[str | None]) -> Verdict:
    """Not yet, with the first hint there is; right where there is none.

    Args:
        praise: what to say of a right answer.
        hints: what is wrong with each part of the answer, None where nothing is.
    """
    hint = next(filter(None, hints), None)
    return not_yet(hint) if hint else right(praise)


def self_check(check: Callable[Arguments, Verdict]) -> Callable[Arguments, Verdict]:
    """Make a check that any answer may be given to, an unfinished or a failing one too.

    An argument that is None, a function that raises ``NotImplementedError`` or one that returns
    None is no answer yet. A function that changes what it was given, and any other exception,
    becomes a hint that names it. A check must therefore not be given a function that returns
    nothing on purpose.

    Args:
        check: takes the reader's answers, numbers or functions, and returns a verdict.

    Returns:
        The check, which now always returns a verdict.
    """

    @functools.wraps(check)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Verdict:
        if any(answer is None for answer in (*args, *kwargs.values())):
            return _nothing_yet("put your answer in place of None and run both cells again.")
        guarded: dict[str, Any] = {name: _guarded(answer) for name, answer in kwargs.items()}
        try:
            return check(*map(_guarded, args), **guarded)
        except NotImplementedError:
            return _nothing_yet(
                "write your lines in place of the `raise` and run both cells again."
            )
        except _NoAnswer as error:
            return _nothing_yet(
                f"`{error}` returned None. Does every way through it end in `return`?"
            )
        except Refused as refusal:
            return not_yet(str(refusal))
        except Exception as error:
            return not_yet(f"your code, or what came out of it, raised {_error_text(error)}")

    return checked


def _nothing_yet(what_to_do: str) -> Verdict:
    return Verdict(False, f"{NOTHING_YET}: {what_to_do}")


def _guarded(answer: Any) -> Any:
    """The same answer; a function refuses to return None or to change what it is given."""
    if not callable(answer):
        return answer

    @functools.wraps(answer)
    def call(*args: Any, **kwargs: Any) -> Any:
        snapshots = [snapshot(argument) for argument in args]
        result = answer(*args, **kwargs)
        if result is None:
            raise _NoAnswer(getattr(answer, "__name__", type(answer).__name__))
        for position, argument in enumerate(args):
            if not same(snapshots[position], snapshot(argument)):
                raise Refused(
                    f"your code has changed {_parameter_name(answer, position)} itself. Leave what "
                    "you are given as it is and make new tensors, as in `theta = theta - ...`: no "
                    "`-=`, no `.data`, no method that ends in `_`."
                )
        return result

    return call


def _parameter_name(function: Callable[..., Any], position: int) -> str:
    """The name under which a function takes an argument."""
    parameters = list(inspect.signature(function).parameters)
    return parameters[min(position, len(parameters) - 1)]


def _error_text(error: Exception) -> str:
    """The exception and the first line of its message."""
    message = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
