"""The one error that the command line shows as a plain message."""

from __future__ import annotations


class WorkbookError(ValueError):
    """What was asked cannot be done; the message says why, and what to do instead."""
