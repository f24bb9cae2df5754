"""The README's picture: it moves, it is small, and who cannot see it is told what it shows."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "notebooks" / "images" / "draw_your_own_task.gif"


def test_it_is_animated_and_below_a_megabyte():
    assert PICTURE.stat().st_size < 1_000_000
    with Image.open(PICTURE) as picture:
        assert picture.format == "GIF"
        assert picture.n_frames > 20
        assert picture.width <= 900


def test_it_moves_from_the_first_frame_to_the_last():
    with Image.open(PICTURE) as picture:
        shown = set()
        for frame in range(picture.n_frames):
            picture.seek(frame)
            shown.add(picture.convert("RGB").tobytes())
    assert len(shown) > 20


def test_the_readme_shows_it_right_after_the_two_commands_and_says_what_it_shows():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, after = readme.split("\nmake test ", 1)
    found = re.match(r"[^\n]*\n```\n\n!\[([^\]]+)\]\(([^)]+)\)", after)
    assert found, "no picture right after the two commands"
    alt, path = found.groups()
    assert ROOT / path == PICTURE
    assert "MAML" in alt
    assert len(alt.split()) >= 15
