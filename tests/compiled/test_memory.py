"""Buffers share room only when their lives do not meet."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.compiled.kernels import Step
from metalearn_lab.compiled.memory import place_buffers
from metalearn_lab.compiled.values import Buffer

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@given(sizes=sizes, data=st.data())
def test_no_living_buffer_is_overwritten(sizes: list[int], data: st.DataObject) -> None:
    buffers = [Buffer(size) for size in sizes]
    loaded = buffers[: data.draw(st.integers(1, len(buffers)))]
    steps = []
    for place in range(len(loaded), len(buffers)):
        sources = data.draw(st.lists(st.sampled_from(buffers[:place]), max_size=3))
        steps.append(Step("", (buffers[place], 0), [(source, 0) for source in sources], 1))
    kept = data.draw(st.lists(st.sampled_from(buffers), unique=True))
    places, room = place_buffers(steps, loaded, kept)
    owners: dict[int, Buffer] = {}

    def write(buffer: Buffer) -> None:
        owners.update(dict.fromkeys(range(places[buffer], places[buffer] + buffer.size), buffer))

    def check(buffer: Buffer) -> None:
        cells = range(places[buffer], places[buffer] + buffer.size)
        assert all(owners[cell] is buffer and cell < room for cell in cells)

    for buffer in loaded:
        write(buffer)
    for step in steps:
        write(step.target[0])
        for source, _ in step.sources:
            check(source)
    for buffer in kept:
        check(buffer)


def test_room_is_used_again() -> None:
    chain = [Buffer(10) for _ in range(50)]
    steps = [Step("", (after, 0), [(before, 0)], 1) for before, after in pairwise(chain)]
    _, room = place_buffers(steps, chain[:1], chain[-1:])
    assert room == 20
