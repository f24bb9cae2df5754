"""Where in the workspace each buffer lies: room is used again after a buffer's last use."""

from __future__ import annotations

from metalearn_lab.compiled.kernels import Step
from metalearn_lab.compiled.values import Buffer


def place_buffers(
    steps: list[Step], first: list[Buffer], last: list[Buffer]
) -> tuple[dict[Buffer, int], int]:
    """Offsets, in vectors, of every buffer in the workspace, and the workspace's size.

    Args:
        steps: in order.
        first: buffers that are filled before the first step.
        last: buffers that are read after the last step.
    """
    used = [[buffer for buffer, _ in (step.target, *step.sources)] for step in steps]
    last_uses = {buffer: number for number, buffers in enumerate(used) for buffer in buffers}
    last_uses |= dict.fromkeys(last, len(steps))
    offsets: dict[Buffer, int] = {}
    for buffer in first:
        offsets[buffer] = _first_fit(offsets, buffer.size)
    alive = offsets.copy()
    for number, (target, *_) in enumerate(used):
        if target not in offsets:
            offsets[target] = alive[target] = _first_fit(alive, target.size)
        alive = {
            buffer: offset for buffer, offset in alive.items() if last_uses.get(buffer, -1) > number
        }
    return offsets, max((offset + buffer.size for buffer, offset in offsets.items()), default=0)


def _first_fit(alive: dict[Buffer, int], size: int) -> int:
    """The offset of the first stretch of this size that no living buffer lies in."""
    offset = 0
    for start, end in sorted((start, start + buffer.size) for buffer, start in alive.items()):
        if start - offset >= size:
            break
        offset = end
    return offset
