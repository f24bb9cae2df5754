"""The graphics card, its driver, and whether PyTorch was built for it."""

from __future__ import annotations

import shutil
import subprocess

from metalearn_lab.workbook.doctor.finding import Finding, ok, warn

_QUERY = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
_GOOD_MEMORY = 2e9  # bytes
_OTHER_BUILD = "install a build for it as README.md says under 'On a GPU'"


def gpu() -> Finding:
    """A card that PyTorch can use, one that it cannot, or none, which does for every chapter."""
    import torch

    if torch.cuda.is_available():
        name, (free, total) = torch.cuda.get_device_name(), torch.cuda.mem_get_info()
        found = f"{name}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free, CUDA {torch.version.cuda}"
        if free >= _GOOD_MEMORY:
            return ok("GPU", found)
        remedy = "end other programs that use it (`nvidia-smi` lists them), or device='cpu'"
        return warn("GPU", found, remedy)
    card = card_of_driver()
    if card is None:
        return ok("GPU", "none; every chapter runs without one")
    if torch.version.cuda is None:
        return warn("GPU", f"{card}, but torch {torch.__version__} is for CPUs", _OTHER_BUILD)
    return warn(
        "GPU",
        f"{card}, but torch {torch.__version__} for CUDA {torch.version.cuda} cannot use it",
        f"update the card's driver, or {_OTHER_BUILD}",
    )


def card_of_driver() -> str | None:
    """Name and driver as the driver's own tool says; None without the tool or a card."""
    if not shutil.which(_QUERY[0]):
        return None
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=3, check=False)
    except subprocess.TimeoutExpired:
        return "a card whose driver does not answer"
    name, _, driver = (done.stdout.splitlines() or [""])[0].partition(",")
    return f"{name}, driver {driver.strip()}" if done.returncode == 0 and name else None
