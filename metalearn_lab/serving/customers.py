"""Customers of one desk: each has a desk of their own, which shares the weights with all others."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from metalearn_lab.experiments.desk import Desk, DeskError

MOST_CUSTOMERS = 1_000


class UnknownCustomerError(KeyError):
    """A key that belongs to nobody."""


class Customers:
    """What each customer's desk knows. One thread at a time may use it.

    Args:
        desk: what every customer begins with.
    """

    def __init__(self, desk: Desk) -> None:
        self._start = desk
        self._desks: dict[str, Desk] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._desks)

    def new(self) -> str:
        """The key of a new customer, which nobody can guess.

        Raises:
            DeskError: there are as many as can be.
        """
        if len(self) >= MOST_CUSTOMERS:
            raise DeskError(f"there are {MOST_CUSTOMERS:,} customers, which is the most")
        key = secrets.token_urlsafe(24)
        self._desks[key] = self._start
        return key

    def desk(self, key: str) -> Desk:
        """A customer's own.

        Raises:
            UnknownCustomerError: there is no such customer.
        """
        if key not in self._desks:
            raise UnknownCustomerError
        return self._desks[key]

    def change(self, key: str, step: Callable[[Desk], Desk]) -> Desk:
        """Replace a customer's desk by what a step makes of it; if the step fails, it stays.

        Raises:
            UnknownCustomerError: there is no such customer.
        """
        self._desks[key] = step(self.desk(key))
        return self._desks[key]
