"""Chapter 20: TO DO: what its explorers show when they are moved."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["20_meta_rl"], indirect=True)


def test_nothing_fails(chapter):
    chapter.assert_nothing_failed()
