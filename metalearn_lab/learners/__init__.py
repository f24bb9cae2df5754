"""One interface for the whole field: ``adapt`` and ``forward``."""
