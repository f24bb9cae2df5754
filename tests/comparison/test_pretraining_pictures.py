"""Places in the plane are those of a projection; the file gives back what was written."""

import torch
from torch.nn import functional as F

from metalearn_lab.comparison.pretraining_pictures import load_pictures, pictured, save_pictures
from metalearn_lab.tasks.types import Split, Task


def tasks(dim=6, shots=2, queries=3):
    numbers = torch.Generator().manual_seed(0)
    parts = []
    for count in (5 * shots, 5 * queries):
        x = torch.randn(4, count, dim, generator=numbers)
        parts.append(Split(x, torch.arange(5).repeat(4, count // 5)))
    return Task(*parts)


def test_five_classes_in_a_plane_are_drawn_without_loss():
    """Unit vectors of a plane keep their distances, up to the size of the picture."""
    flat = tasks(dim=2)
    picture = pictured(flat, 5)
    for features, places in ((flat.support.x, picture.support), (flat.query.x, picture.query)):
        truth = torch.cdist(F.normalize(features, dim=-1), F.normalize(features, dim=-1))
        ratio = torch.cdist(places, places) / truth.where(truth > 1e-3, torch.inf)
        for own in ratio:
            some = own[own > 0]
            torch.testing.assert_close(some, some.mean().expand_as(some), rtol=1e-3, atol=1e-4)
    size = torch.cat([picture.support, picture.query], 1).abs().amax((1, 2))
    torch.testing.assert_close(size, torch.ones(4))


def test_answers_are_those_of_the_vectors():
    given = tasks()
    means = torch.stack([given.support.x[:, c::5] for c in range(5)], 1)
    means = F.normalize(means, dim=-1).mean(2)
    cosines = F.normalize(given.query.x, dim=-1) @ F.normalize(means, dim=-1).mT
    assert torch.equal(pictured(given, 5).answered, cosines.argmax(2))


def test_a_file_gives_back_what_was_written(tmp_path):
    path, picture = tmp_path / "pictures.safetensors", pictured(tasks(), 5)
    save_pictures({("a b", "kind", 5): picture, ("c", "kind", 1): picture}, path)
    other = pictured(tasks(dim=3), 5)
    save_pictures({("c", "kind", 1): other}, path)
    kept = load_pictures(path)
    assert kept.keys() == {("a b", "kind", 5), ("c", "kind", 1)}
    for expected, found in ((picture, kept["a b", "kind", 5]), (other, kept["c", "kind", 1])):
        torch.testing.assert_close(found.support, expected.support, atol=1e-3, rtol=0)
        assert torch.equal(found.answered, expected.answered)
