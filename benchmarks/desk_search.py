"""Settings of the desk's ProtoNet, searched at random and by Optuna's TPE, at equal trials.

    nice -n 19 python benchmarks/desk_search.py

Five class splits of the bundled intents. A trial trains on the training classes and is judged by
its accuracy on episodes of validation classes. Only the best trial of a search, and what it is
compared with, is judged on test classes.
"""

from functools import partial

from optuna.distributions import FloatDistribution, IntDistribution
from pandas import DataFrame

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.scope import SAVED_SEARCH, cosines
from metalearn_lab.experiments.desk_training import desk_episodes, train_proto_net
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.one_thread import one_thread
from metalearn_lab.sweep.search import SAMPLERS, best_so_far, best_trial, search
from metalearn_lab.tasks.class_splits import split_with_one_validation
from metalearn_lab.tasks.sources.embedded import embedded_table

TRIALS, SPLITS, EPISODES = 20, 5, 200
SPACE = {
    "outer_lr": FloatDistribution(1e-4, 3e-2, log=True),
    "iterations": IntDistribution(25, 400, log=True),
    "meta_batch": IntDistribution(1, 16, log=True),
    "shots": IntDistribution(1, 10),
}
OWN = {"outer_lr": 1e-3, "iterations": 200, "meta_batch": 4, "shots": 3}


def trained(table, vectors, classes, seed, settings):
    """The scores of a ProtoNet that was trained with some settings."""
    shots, rest = settings["shots"], {k: v for k, v in settings.items() if k != "shots"}
    episodes = desk_episodes(table, vectors, classes, f"desk {seed}", shots)
    learner = train_proto_net(episodes, **rest)

    def scores(support, x):
        [adapted] = learner.adapt(support, 0)
        return learner.predict(adapted, x)

    return scores


def accuracy(scores, tasks):
    """In per cent."""
    right = scores(tasks.support, tasks.query.x).argmax(2) == tasks.query.y
    return 100 * right.float().mean().item()


def of_split(table, vectors, seed):
    """The rows of a class split: both searches, trial by trial."""
    split = split_with_one_validation(table, seed=seed)
    chosen_by, reported_on = (
        desk_episodes(table, vectors, classes, f"{name} {seed}").batch(0, EPISODES)
        for name, classes in (("search validation", split.validation), ("search test", split.test))
    )
    centre = vectors[[row for row, c in enumerate(table.labels) if c in split.train]].mean(0)
    rivals = {
        "class means, centred": partial(cosines, lambda x: x - centre),
        "the chapter's settings": trained(table, vectors, split.train, seed, OWN),
    }
    for name, scores in rivals.items():
        validation, test = (accuracy(scores, tasks) for tasks in (chosen_by, reported_on))
        yield {"sampler": name, "trial": 0, "validation": validation, "test": test}

    def values_of(asked):
        for settings in asked:
            yield accuracy(trained(table, vectors, split.train, seed, settings), chosen_by)

    for sampler in SAMPLERS:
        trials = search(
            SPACE,
            lambda asked: list(values_of(asked)),
            trials=TRIALS,
            lowest=False,
            sampler=sampler,
            seed=seed,
        )
        best = best_trial(trials, lowest=False)
        test = accuracy(trained(table, vectors, split.train, seed, best.settings), reported_on)
        so_far = best_so_far(trials, lowest=False)
        for number, (trial, value) in enumerate(zip(trials, so_far, strict=True), start=1):
            row = {"sampler": sampler, "trial": number, "validation": trial.value, "best": value}
            yield row | trial.settings | ({"test": test} if trial is best else {})


def main():
    """Write the table."""
    table = embedded_table()
    vectors, rows = sentence_vectors(table.texts), []
    with one_thread():
        for seed in range(SPLITS):
            rows += [{"split": seed} | row for row in of_split(table, vectors, seed)]
            print(seed, flush=True)
    write_text(SAVED_SEARCH, DataFrame(rows).to_csv(index=False, float_format="%.6g"))


if __name__ == "__main__":
    main()
