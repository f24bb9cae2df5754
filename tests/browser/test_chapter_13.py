"""Chapter 13: TO DO: what its explorers show when they are moved."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["13_what_the_articles_say"], indirect=True)


def test_nothing_fails(chapter):
    chapter.assert_nothing_failed()
