"""Networks small enough to adapt in milliseconds."""
