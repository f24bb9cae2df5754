"""Why something cannot be compiled, or is no longer what was compiled."""


class NotCompilable(RuntimeError):
    """The message names the operation or the missing compiler, and what to do instead."""


class OtherThanCompiled(ValueError):
    """A compiled step was asked for what it was not compiled for; nothing was computed."""


class OtherLearner(OtherThanCompiled):
    """The learner has changed; compiled again, it can go on."""
