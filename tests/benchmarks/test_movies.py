"""MovieLens as tasks, where the data is at hand."""

import pandas as pd
import pytest

from benchmarks.recommendation import GENRES, MOVIE_FOLDER, movies

pytestmark = pytest.mark.skipif(not MOVIE_FOLDER.exists(), reason="MovieLens is not here")


def test_a_user_is_the_first_forty_ratings_by_time():
    world = movies(0)
    parts = [world.train, world.validation, world.test]
    rows = {tuple(items.tolist()) for users in parts for items in users.items}
    assert len(rows) == sum(len(users.items) for users in parts)
    assert world.features.shape == (len(world.names), GENRES)
    ratings = pd.read_parquet(MOVIE_FOLDER / "ratings.parquet")
    films = pd.read_parquet(MOVIE_FOLDER / "movies.parquet")
    own = ratings[ratings.userId == 1].sort_values("timestamp", kind="stable").head(40)
    number = {film: i for i, film in enumerate(films.movieId)}
    assert tuple(number[film] for film in own.movieId) in rows


def test_splits_differ_by_seed():
    first, second = movies(0), movies(1)
    assert first.test.items.shape == second.test.items.shape
    assert first.test.items.tolist() != second.test.items.tolist()
