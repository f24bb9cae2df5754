"""Countries of Babel as items; the encoder is not needed to see who rates what."""

import torch

from metalearn_lab.experiments import destinations as module
from metalearn_lab.explorers.recommendation_explorer import NO_PLACES, RATED
from metalearn_lab.tasks.seeds import generator


def made_up_vectors(texts, device):
    return torch.stack([torch.randn(384, generator=generator(text)) for text in texts])


def test_countries_are_rated_by_users_of_each_taste(monkeypatch):
    monkeypatch.setattr(module, "sentence_vectors", made_up_vectors)
    world = module.destinations(0)
    assert set(RATED) | NO_PLACES <= set(world.names)
    parts = (world.train, world.validation, world.test)
    assert [len(users.items) for users in parts] == [200, 60, 100]
    assert set(world.tastes.tolist()) == set(range(len(module.TASTES)))
    assert world.features.shape == (len(world.names), 16)
