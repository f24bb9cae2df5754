"""Pictures of an executed chapter as files of a page, with the words that stand for them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

FOLDER = "pictures"


def take_pictures(notebook: Any, name: str, pages: Path) -> None:
    """Write each picture beside the page, and let the output name the file and its alt text.

    The site's tool chain would drop the alt text, which stands in the output's metadata.

    Args:
        notebook: an executed chapter, changed in place.
        name: of the chapter; the files are called after it.
        pages: the folder of the page.
    """
    outputs = [
        output
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {}) and "text/html" not in output["data"]
    ]
    (pages / FOLDER).mkdir(exist_ok=True)
    for place, output in enumerate(outputs, start=1):
        file = f"{FOLDER}/{name}_{place:02d}.png"
        (pages / file).write_bytes(base64.b64decode(output["data"]["image/png"]))
        facts = output["metadata"].get("image/png", {})
        output["data"] = {"text/markdown": _directive(file, facts)}


def _directive(file: str, facts: dict[str, Any]) -> str:
    options = [f":alt: {json.dumps(facts.get('alt', ''), ensure_ascii=False)}"]
    if "width" in facts:
        options.append(f":width: {facts['width']}px")
    return "\n".join([f"```{{image}} {file}", *options, "```"])
