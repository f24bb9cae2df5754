"""The form in which an executed notebook is committed: nothing in it changes without a reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from metalearn_lab.workbook.colab import COLAB_SETUP
from metalearn_lab.workbook.kernel import KERNEL_METADATA
from metalearn_lab.workbook.parameters import TAG
from metalearn_lab.workbook.static_outputs import make_static
from metalearn_lab.workbook.teaching_tags import HIDE_OUTPUT, has_tag


def normalise(notebook: Any) -> None:
    """Bring an executed notebook into its committed form, in place.

    Widgets give way to the pictures that stand for them, progress bars (stderr), timings and
    the machine's details go, cell ids follow from the cells, and the tags alone stay of each
    cell's metadata. The cell that installs and that of parameters are folded. Execution counts
    stay: without them nbval compares nothing.
    """
    make_static(notebook)
    notebook["metadata"] = dict(KERNEL_METADATA)
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    seen: Counter[str] = Counter()
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags")
        cell["metadata"] = {"tags": list(tags)} if tags else {}
        if cell["source"].startswith(COLAB_SETUP[:20]) or has_tag(cell, TAG):
            cell["metadata"]["jupyter"] = {"source_hidden": True}  # folded until it is clicked
        if has_tag(cell, HIDE_OUTPUT):
            cell["metadata"]["jupyter"] = {"outputs_hidden": True}  # until clicked, or run
        cell["id"] = _stable_id(cell, seen)
        if cell["cell_type"] == "code":
            cell["outputs"] = [o for o in cell["outputs"] if o.get("name") != "stderr"]


def _stable_id(cell: Any, seen: Counter[str]) -> str:
    """An id from what the cell says, so that editing one cell changes one id."""
    digest = hashlib.sha256(f"{cell['cell_type']}\n{cell['source']}".encode()).hexdigest()[:12]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
