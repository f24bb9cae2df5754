"""The tests keep nothing in the user's cache folder: their own is made, and removed at the end.

A plugin of pytest. What the tests start, such as kernels and other processes of pytest, inherits
the folder.
"""

import os
import tempfile

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in the first process."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="metalearn-lab-cache-")
        config.add_cleanup(folder.cleanup)
        os.environ["METALEARN_LAB_CACHE"] = folder.name
