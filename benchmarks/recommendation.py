"""Write the cold-start comparison of ``comparison.recommendation``.

    python benchmarks/recommendation.py            # all
    python benchmarks/recommendation.py --users "destinations, ratings" --seeds 1

Each method that is trained has four settings to choose from, by its mean error on the validation
users of the first split; a user's own part has ten for each K, by the validation users of each
split. A split has its own users, weights and, where they are drawn, new items. Of MovieLens, which
may not be passed on, the table holds numbers alone.
"""

import argparse
import time
from pathlib import Path

import torch
from pandas import DataFrame, read_csv, read_parquet

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.recommendation import (
    CLICKED,
    MOVIES,
    RATED,
    SAVED_RECOMMENDATION,
)
from metalearn_lab.experiments.destinations import destinations
from metalearn_lab.experiments.recommendation import (
    FACTORS,
    LEARNERS,
    SHOTS,
    ColdStart,
    cold_start_rows,
    predictors,
    settings_of,
)
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.tasks.ratings import (
    QUERIES,
    SUPPORT,
    RatingWorld,
    Users,
    principal_components,
)
from metalearn_lab.tasks.seeds import generator

MOVIE_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "noncommercial" / "movielens_small"
GENRES = 16  # principal components of the genres
STEPS = 300
STEPPING = [{"inner_lr": a, "inner_steps": k} for a in (0.1, 0.3) for k in (1, 5)]
PRETRAINING = [{"outer_lr": rate} for rate in (1e-3, 3e-3, 1e-2, 3e-2)]
FACTORISING = [{"rank": rank, "penalty": penalty} for rank in (4, 8) for penalty in (1.0, 5.0)]


def movies(seed):
    """Users with 40 ratings or more; their first 40 by time, and the genres of the films."""
    ratings = read_parquet(MOVIE_FOLDER / "ratings.parquet")
    films = read_parquet(MOVIE_FOLDER / "movies.parquet")
    number = {film: i for i, film in enumerate(films.movieId)}
    ratings = ratings.sort_values(["userId", "timestamp"], kind="stable")
    first = ratings.groupby("userId").head(SUPPORT + QUERIES)
    count = first.groupby("userId").size()
    first = first[first.userId.isin(count.index[count == SUPPORT + QUERIES])]
    items = torch.tensor(first.movieId.map(number).to_numpy()).view(-1, SUPPORT + QUERIES)
    values = torch.tensor(first.rating.to_numpy()).float().view(items.shape)
    order = torch.randperm(len(items), generator=generator("movies", seed))
    sizes = (3 * len(order) // 5, 3 * len(order) // 20)
    parts = order.tensor_split((sizes[0], sum(sizes)))
    genres = torch.tensor(films.genres.str.get_dummies().to_numpy()).float()
    seen = items[parts[0]].unique()
    features = principal_components(genres, genres[seen], GENRES)
    users = (Users(items[part], values[part]) for part in parts)
    return RatingWorld(tuple(films.title), features, *users, lowest=0.5, highest=5.0)


WORLDS = {
    RATED: destinations,
    CLICKED: lambda seed: destinations(seed, feedback="clicks"),
    MOVIES: movies,
}


def validation_error(cold, method, predict):
    """Mean over K of the error on the validation users, at each K's best setting."""
    users, errors = cold.world.validation, []
    for shots in SHOTS[1:]:
        settings = settings_of(method)
        predicted = predict(users, shots, cold.chosen(predict, settings, shots))
        errors.append(cold.errors(predicted, users).mean().nan_to_num(1e9).item())
    return sum(errors) / len(errors)


def best_settings(cold):
    """By method, the training setting with the smallest validation error."""

    def factors(setting):
        predict = cold.closed_form(cold.item_factors(**setting))
        return validation_error(cold, FACTORS, predict)

    best = {FACTORS: min(FACTORISING, key=factors)}
    for name, (kind, _) in LEARNERS.items():

        def error(setting, name=name):
            learner = cold.train(name, steps=STEPS, seed=0, **setting)
            return validation_error(cold, name, cold.stepping(learner))

        best[name] = min(PRETRAINING if kind is JointPretraining else STEPPING, key=error)
    return best


def main() -> None:
    """Train and judge what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_RECOMMENDATION)
    parser.add_argument("--users", nargs="*", default=tuple(WORLDS), choices=tuple(WORLDS))
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for name in chosen.users:
        best = best_settings(ColdStart(WORLDS[name](0)))
        print(name, best, f"{time.process_time():.0f} CPU s so far", flush=True)
        for seed in range(chosen.seeds):
            cold = ColdStart(WORLDS[name](seed))
            learners = {
                method: cold.train(method, steps=STEPS, seed=seed, **best[method])
                for method in LEARNERS
            }
            rows = cold_start_rows(cold, predictors(cold, learners, **best[FACTORS]))
            trained = {method: str(setting) for method, setting in best.items()}
            new = DataFrame(rows).assign(users=name, seed=seed)
            new["trained with"] = new.method.map(trained)
            if chosen.out.exists():
                old = read_csv(chosen.out)
                old = old[~(old.users.eq(name) & old.seed.eq(seed))]
                new = DataFrame(old.to_dict("records") + new.to_dict("records"))
            write_text(chosen.out, new.to_csv(index=False, float_format="%.5g"))
            print(name, seed, f"{time.process_time():.0f} CPU s so far", flush=True)


if __name__ == "__main__":
    main()
