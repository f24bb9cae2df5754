"""Twenty faults of the kinds that programs like this one have had, each planted in one place."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One fault.

    Attributes:
        name: what is wrong.
        file: of the package.
        right: the text that is there, once.
        wrong: the text in its place.
        tests: where the tests are that must see it.
    """

    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


FAULTS = (
    Fault(
        "an inner step goes uphill",
        "learners/gradient_learner.py",
        "theta[n] - self.rate_of(n) * g",
        "theta[n] + self.rate_of(n) * g",
        ("tests/learners",),
    ),
    Fault(
        "MAML's inner gradients are held constant",
        "learners/maml.py",
        "return self.loss_at(trajectory[-1], task.query)",
        "theta, end = trajectory[0], trajectory[-1]\n"
        "        moved = {n: theta[n] + (end[n] - theta[n]).detach() for n in theta}\n"
        "        return self.loss_at(moved, task.query)",
        ("tests/learners",),
    ),
    Fault(
        "first-order MAML lacks its detach",
        "learners/first_order_maml.py",
        "fixed = held_constant(theta)",
        "fixed = theta",
        ("tests/learners",),
    ),
    Fault(
        "Reptile moves away from where training leads",
        "learners/reptile.py",
        "return sum(\n",
        "return -sum(\n",
        ("tests/learners",),
    ),
    Fault(
        "Reptile's second minibatch repeats an item of the first",
        "learners/reptile.py",
        "first = step * self.inner_batch % item_count",
        "first = max(step * self.inner_batch - 1, 0) % item_count",
        ("tests/learners",),
    ),
    Fault(
        "the mean over parts of a batch is taken over one task fewer",
        "running/known_gradient.py",
        "mean = total / count",
        "mean = total / max(count - 1, 1)",
        ("tests/learners", "tests/running"),
    ),
    Fault(
        "an adapter's scale is squared when it is merged",
        "models/lora.py",
        "layer.weight += self.scale * self.lora_B",
        "layer.weight += self.scale**2 * self.lora_B",
        ("tests/models",),
    ),
    Fault(
        "the compiler's mean divides by one too many",
        "compiled/rules.py",
        "return _scale(total, 1 / of.folded_count(node))",
        "return _scale(total, 1 / (of.folded_count(node) + 1))",
        ("tests/compiled",),
    ),
    Fault(
        "query items are drawn from the support side",
        "tasks/episode_draw.py",
        "item_keys.masked_fill(on_support, -1.0), rows, queries",
        "item_keys.masked_fill(~on_support, -1.0), rows, queries",
        ("tests/tasks",),
    ),
    Fault(
        "an episode's address forgets the seed",
        "tasks/episodes.py",
        'generator("episode", self.seed, self.split, index)',
        'generator("episode", 0, self.split, index)',
        ("tests/tasks",),
    ),
    Fault(
        "the first test class is also a validation class",
        "tasks/class_splits.py",
        "shuffled[train:validation]",
        "shuffled[train : validation + 1]",
        ("tests/tasks",),
    ),
    Fault(
        "the phase of a sinusoid is added",
        "tasks/sinusoids.py",
        "torch.sin(x - phase[:, None, None])",
        "torch.sin(x + phase[:, None, None])",
        ("tests/tasks",),
    ),
    Fault(
        "an interval has the spread of tasks for that of their mean",
        "evaluation/intervals.py",
        "quantile * values.std(0) / tasks**0.5",
        "quantile * values.std(0)",
        ("tests/evaluation", "tests/comparison"),
    ),
    Fault(
        "accuracy counts a score that is no number as an answer",
        "evaluation/accuracy.py",
        " & best.values.isfinite()",
        "",
        ("tests/evaluation",),
    ),
    Fault(
        "the steps of a score are chosen by the worst validation accuracy",
        "evaluation/few_shot_score.py",
        "int(means[rate].argmax())",
        "int(means[rate].argmin())",
        ("tests/evaluation",),
    ),
    Fault(
        "a resumed run begins with a fresh optimiser",
        "training/trainee.py",
        "self.optimizer.load_state_dict(\n",
        "dict(\n",
        ("tests/training",),
    ),
    Fault(
        "ranks add their losses up without dividing",
        "training/sharding.py",
        "return total / ranks()",
        "return total",
        ("tests/training",),
    ),
    Fault(
        "a chapter that failed has status ok",
        "workbook/record.py",
        'return "failed" if self.failed else "false facts" if self.false_facts else "ok"',
        'return "false facts" if self.false_facts else "ok"',
        ("tests/workbook",),
    ),
    Fault(
        "an exception that a widget keeps to itself is swallowed",
        "workbook/listening_client.py",
        'if msg["msg_type"] == "error":',
        "if False:",
        ("tests/workbook",),
    ),
    Fault(
        "a results table leaves out what kept its default",
        "sweep/results.py",
        "return own_values | fact_counts | record.parameters |",
        "return own_values | fact_counts | record.changed |",
        ("tests/sweep",),
    ),
)
