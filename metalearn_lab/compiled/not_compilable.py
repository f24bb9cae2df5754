"""Why something cannot be compiled."""


class NotCompilable(RuntimeError):
    """The message names the operation or the missing compiler, and what to do instead."""
