"""Where in the workspace each buffer lies: room is used again after a buffer's last use."""

from __future__ import annotations

from metalearn_lab.compiled.lowering import Step
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
    ends = {buffer: number for number, buffers in enumerate(used) for buffer in buffers}
    ends |= dict.fromkeys(last, len(steps))
    places: dict[Buffer, int] = {}
    room = _Room()
    for buffer in first:
        places[buffer] = room.take(buffer.size)
    for number, buffers in enumerate(used):
        target = buffers[0]
        if target not in places:
            places[target] = room.take(target.size)
        for buffer in set(buffers):
            if ends[buffer] == number and buffer in places:
                room.give_back(places[buffer], buffer.size)
    return places, room.size


class _Room:
    """Free stretches of the workspace, kept in order and merged."""

    def __init__(self) -> None:
        self.size = 0
        self.free: list[tuple[int, int]] = []

    def take(self, size: int) -> int:
        """The start of the smallest free stretch that is large enough, or of new room."""
        fitting = [(end - start, start, end) for start, end in self.free if end - start >= size]
        if not fitting:
            self.size += size
            return self.size - size
        _, start, end = min(fitting)
        self.free.remove((start, end))
        if end - start > size:
            self._add(start + size, end)
        return start

    def give_back(self, start: int, size: int) -> None:
        """The stretch may be used again."""
        if size:
            self._add(start, start + size)

    def _add(self, start: int, end: int) -> None:
        merged = []
        for other in self.free:
            if other[1] == start:
                start = other[0]
            elif other[0] == end:
                end = other[1]
            else:
                merged.append(other)
        self.free = sorted([*merged, (start, end)])
