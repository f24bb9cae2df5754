"""What is installed in the environment of Colab's packages, beside what should be."""

from __future__ import annotations

import json
import subprocess
import sys

from packaging.utils import canonicalize_name

from metalearn_lab.workbook.colab import COLAB_LACKS
from tests.colab.update_runtime import PINS, published

# What the first cell adds to the runtime.
ADDED = ("metalearn-lab", *COLAB_LACKS)
# Where torch's build is one for CUDA, its libraries come with it.
OF_TORCH = ("nvidia-", "cuda-", "triton")


def pip(*arguments: str) -> str:
    """What pip says to it."""
    command = [sys.executable, "-m", "pip", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def installed() -> dict[str, str]:
    """Every version by canonical name, without the build's label and torch's libraries."""
    found = json.loads(pip("list", "--format=json"))
    versions = {canonicalize_name(each["name"]): each["version"] for each in found}
    return {n: v.split("+")[0] for n, v in versions.items() if not n.startswith(OF_TORCH)}


def colabs() -> dict[str, str]:
    """Every version of the runtime by canonical name, as pinned."""
    packages = published(PINS.read_text(encoding="utf-8"))
    return {name: str(package.version) for name, package in packages.items()}
