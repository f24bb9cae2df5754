"""The kernel that chapters run in, by whichever tool."""

from __future__ import annotations

from typing import Any

KERNEL_NAME = "python3"

# What a notebook says of its kernel; nothing of the machine that it last ran on.
KERNEL_METADATA: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": KERNEL_NAME},
    "language_info": {"name": "python"},
}

# Keeps the kernel's advice on transport encryption out of the progress bars; errors still show.
KERNEL_ARGUMENTS = ["--IPKernelApp.log_level=ERROR"]
