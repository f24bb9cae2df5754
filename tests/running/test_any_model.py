"""Layers and models of a user's own: right by default, or refused with a way out."""

import copy
import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import gradients


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.Module], **settings: object):
        super().__init__()
        self.layer, self.head = kind(4, 5, batch_first=True, **settings), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.GRUCell(4, 5), nn.Linear(5, 3)

    def forward(self, x):
        state = None
        for token in x.unbind(1):
            state = self.cell(token, state)
        return self.head(state)


class OwnLSTM(nn.Module):
    """Written out by a user, with tensors for state."""

    def __init__(self):
        super().__init__()
        self.gates, self.head = nn.Linear(9, 20), nn.Linear(5, 3)

    def forward(self, x):
        h, c = x.new_zeros(len(x), 5), x.new_zeros(len(x), 5)
        for token in x.unbind(1):
            i, f, g, o = self.gates(torch.cat([token, h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return self.head(h)


class OwnAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query_key_value, self.head = nn.Linear(4, 12), nn.Linear(4, 3)

    def forward(self, x):
        query, key, value = self.query_key_value(x).chunk(3, -1)
        return self.head(((query @ key.mT / 2).softmax(-1) @ value).mean(1))


class Attention(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.layer = nn.MultiheadAttention(4, 2, dropout=dropout, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.layer(x, x, x, need_weights=False)[0].mean(1))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.layer(x).mean(1))


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Conv1d(4, 5, 3), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.layer(x.mT)).mean(-1))


class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Bilinear(20, 20, 3)

    def forward(self, x):
        return self.layer(x.flatten(1), torch.tanh(x.flatten(1)))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Linear(20, 20), nn.Linear(20, 20), nn.Linear(20, 3)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.head(torch.tanh(self.second(torch.tanh(self.first(x.flatten(1))))))


class AffineNorm(nn.Module):
    """A norm that no class tells of."""

    def __init__(self):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(4)), nn.Parameter(torch.zeros(4))
        self.head = nn.Linear(20, 3)

    def forward(self, x):
        return self.head(F.layer_norm(x * x, (4,), self.scale, self.shift).flatten(1).tanh())


class BatchStatistics(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(4, 6), nn.Linear(30, 3)

    def forward(self, x):
        normed = F.batch_norm(self.body(x).mT, None, None, training=True)
        return self.head(torch.tanh(normed).flatten(1))


class Branching(nn.Module):
    """Looks at a number, as some published models do."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(20, 3)

    def forward(self, x):
        return self.head(x.flatten(1)) * (2 if x.abs().sum().item() > 0 else 1)


class Unused(nn.Module):
    """A layer that plays no part."""

    def __init__(self):
        super().__init__()
        self.head, self.spare = nn.Linear(20, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.head(x.flatten(1))


class Keeping(nn.Module):
    """Keeps its features, as one does to look at them."""

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body, self.seen = body, []

    def forward(self, x):
        self.features = self.body(x)
        self.seen = [self.features]
        return torch.tanh(self.features)


class Prepared(MLP):
    """Gives the wide layer another input than it was given."""

    def __init__(self):
        super().__init__([40, 6, 3], activation="tanh")

    def forward(self, x):
        x = x.flatten(1)
        return super().forward(torch.cat([x.clamp(-1, 1), x * x], 1))


class Clamped(MLP):
    """The same, where the shapes tell nothing."""

    def __init__(self):
        super().__init__([20, 6, 3], activation="tanh")

    def forward(self, x):
        return super().forward(x.clamp(-1, 1))


class Skipping(MLP):
    """Uses its input a second time, behind the wide layer."""

    def __init__(self):
        super().__init__([20, 6, 3], activation="tanh")

    def forward(self, x):
        return super().forward(x) + x[:, :3] ** 2


def flat(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), *layers)


def lazy() -> nn.Module:
    model = flat(nn.LazyLinear(6), nn.Tanh(), nn.LazyLinear(3))
    model(torch.zeros(2, 5, 4))
    return model


def spectral() -> nn.Module:
    return flat(parametrizations.spectral_norm(nn.Linear(20, 6)), nn.Tanh(), nn.Linear(6, 3))


RIGHT = {
    "LSTM": lambda: Recurrent(nn.LSTM),
    "two LSTM layers": lambda: Recurrent(nn.LSTM, num_layers=2),
    "GRU": lambda: Recurrent(nn.GRU),
    "RNN": lambda: Recurrent(nn.RNN),
    "GRU cell": Cell,
    "own LSTM": OwnLSTM,
    "own attention": OwnAttention,
    "multi-head attention": Attention,
    "convolution": Convolution,
    "bilinear": Bilinear,
    "tied": Tied,
    "affine norm": AffineNorm,
    "batch statistics": BatchStatistics,
    "branching": Branching,
    "unused": Unused,
    "keeping": lambda: Keeping(flat(nn.Linear(20, 3))),
    "keeping a convolution": lambda: Keeping(Convolution()),
    "prepared": Prepared,
    "lazy": lazy,
    "spectral, eval": lambda: spectral().eval(),
    "group norm": lambda: flat(nn.Linear(20, 6), nn.GroupNorm(2, 6), nn.Linear(6, 3)),
}
WIDE = {"clamped": Clamped, "skipping": Skipping}


def built(make, kind: type[Learner] = MAML, **settings: object) -> Learner:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make().double()
    return kind(model, F.cross_entropy, inner_lr=0.3, inner_steps=2, **settings)


def tasks(ids: bool = False, wide: bool = False) -> Task:
    numbers = generator("any model")
    labels = torch.arange(3).repeat(2).expand(3, 6)
    inputs = torch.randn(2, 3, 6, 5, 4, generator=numbers, dtype=torch.float64)
    if ids:
        inputs = torch.randint(0, 7, (2, 3, 6, 5), generator=numbers)
    if wide:
        inputs = inputs.flatten(-2)
    return Task(Split(inputs[0], labels), Split(inputs[1], labels))


def plain_loss(make, theta: dict[str, Tensor], batch: Task) -> Tensor:
    """The meta-loss by PyTorch's own means: a fresh model for each task, moved by its SGD."""
    losses = []
    for support, query in (
        (Split(*(part[i] for part in split)) for split in batch) for i in range(len(batch.query.y))
    ):
        model = built(make).model
        model.load_state_dict(theta, strict=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(model(support.x), support.y).backward()
            optimizer.step()
        losses.append(F.cross_entropy(model(query.x), query.y).detach())
    return torch.stack(losses).mean()


def assert_is_the_slope(make, learner: Learner, batch: Task) -> None:
    """The meta-gradient along a random direction in each parameter, by central differences."""
    found, numbers = gradients_or_zero(learner, batch), generator("directions")
    theta = {name: weight.detach() for name, weight in learner.model.named_parameters()}
    slopes, products = [], []
    for name, weight in theta.items():
        direction = torch.randn(weight.shape, generator=numbers, dtype=weight.dtype)
        step = 1e-6 * direction / direction.norm()
        ends = [plain_loss(make, {**theta, name: weight + s * step}, batch) for s in (1, -1)]
        slopes.append((ends[0] - ends[1]) / 2e-6)
        products.append((found[f"model.{name}"] * step / 1e-6).sum())
    slopes, products = torch.stack(slopes), torch.stack(products)
    assert (slopes - products).abs().max() < 1e-6 * slopes.abs().max()


def gradients_or_zero(learner: Learner, batch: Task) -> dict[str, Tensor]:
    learner.zero_grad()
    with warnings.catch_warnings():  # of speed, where vmap has no rule of its own
        warnings.filterwarnings("ignore", "There is a performance drop")
        learner(batch).backward()
    named = learner.named_parameters()
    return {n: torch.zeros_like(p) if p.grad is None else p.grad.clone() for n, p in named}


@pytest.mark.parametrize("name", [*RIGHT, *WIDE])
def test_the_default_gives_the_meta_gradient_of_a_loop_by_hand(name):
    make = (RIGHT | WIDE)[name]
    assert_is_the_slope(make, built(make), tasks(wide=name in WIDE))


def test_what_vmap_cannot_do_or_gets_wrong_is_looped_by_the_rule():
    found = {}
    for name in ("LSTM", "own LSTM", "own attention", "affine norm", "branching", "unused"):
        learner = built(RIGHT[name])
        learner(tasks())
        found[name] = learner.mapping
    assert found.pop("own LSTM") == found.pop("unused") == "vmap"
    assert set(found.values()) == {"loop"}
    first_order = built(AffineNorm, FirstOrderMAML)
    first_order(tasks())
    assert first_order.mapping == "vmap", "first derivatives are right"


def test_the_rule_holds_for_adaptation_alone():
    learner, looped = (built(RIGHT["LSTM"], mapping=mapping) for mapping in (None, "loop"))
    found, expected = (maml.adapt(tasks().support)[-1] for maml in (learner, looped))
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())


def test_where_vmap_was_asked_for_and_fails_a_note_names_the_way_out():
    with pytest.raises(RuntimeError) as caught:
        built(RIGHT["LSTM"], mapping="vmap")(tasks())
    assert any("mapping='loop'" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("make", [Clamped, Skipping])
def test_a_small_input_layer_is_refused_to_a_model_that_does_more_with_its_input(make):
    with pytest.raises(ValueError, match=r"does not go straight to body\.0 and nowhere else"):
        built(make, low_rank=True)(tasks(wide=True))


class Padded(nn.Module):
    def __init__(self, **options: object):
        super().__init__()
        self.table, self.head = nn.Embedding(7, 4, **options), nn.Linear(4, 3)

    def forward(self, ids):
        return self.head(torch.tanh(self.table(ids)).mean(1))


class PaddedByFunction(Padded):
    def forward(self, ids):
        return self.head(torch.tanh(F.embedding(ids, self.table.weight, padding_idx=0)).mean(1))


@pytest.mark.parametrize(
    "make", [lambda: Padded(padding_idx=0), PaddedByFunction], ids=["layer", "function"]
)
def test_the_padding_row_of_an_embedding_stays(make):
    batch, learner = tasks(ids=True), built(make)
    found = gradients(learner, batch)["model.table.weight"]
    assert torch.equal(found, gradients(built(make, mapping="loop"), batch)["model.table.weight"])
    assert (found[0] == 0).all()
    assert (found[1:] != 0).any(1).all()
    moved = learner.adapt(batch.support)[-1]["table.weight"]
    assert torch.equal(moved[:, 0], learner.model.table.weight[0].expand(3, 4))
    with pytest.raises(ValueError, match=r"forgets padding_idx.*use mapping='loop'"):
        built(make, mapping="vmap")(batch)


def test_an_embedding_scaled_by_frequency_is_looped():
    by_rule, looped = (
        gradients(built(lambda: Padded(scale_grad_by_freq=True), mapping=mapping), tasks(ids=True))
        for mapping in (None, "loop")
    )
    assert all(torch.equal(by_rule[name], gradient) for name, gradient in looped.items())


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.head = nn.EmbeddingBag(7, 4), nn.Linear(4, 3)

    def forward(self, ids):
        return self.head(torch.tanh(self.table(ids)))


class Counting(nn.Module):
    """A running mean written by hand."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(20, 3)
        self.register_buffer("mean", torch.zeros(20))

    def forward(self, x):
        with torch.no_grad():
            self.mean.mul_(0.9).add_(0.1 * x.flatten(1).mean(0))
        return self.head(x.flatten(1) - self.mean)


class Cut(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(20, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.body(x.flatten(1))).detach())


def weight_norm() -> nn.Module:
    return flat(parametrizations.weight_norm(nn.Linear(20, 6)), nn.Tanh(), nn.Linear(6, 3))


REFUSED = [
    (lambda: Padded(max_norm=1.0), True, r"writes table\.weight in its forward"),
    (Counting, False, "writes mean in its forward"),
    (spectral, False, r"writes .*_u, .*_v in its forward.*call eval\(\)"),
    (Bag, True, "no right second derivative of an embedding bag"),
    (lambda: Padded(sparse=True), True, "no right second derivative of an embedding with sparse"),
    (weight_norm, False, "no right second derivative of weight norm"),
    (Cut, False, r"reads body\.weight, body\.bias, but no gradient comes back"),
]


@pytest.mark.parametrize("mapping", [None, "loop"])
@pytest.mark.parametrize(("make", "ids", "words"), REFUSED)
def test_what_would_be_wrong_in_every_mapping_is_refused(make, ids, words, mapping):
    before = copy.deepcopy(built(make).model.state_dict())
    learner = built(make, mapping=mapping)
    with pytest.raises(ValueError, match=words):
        learner(tasks(ids))
    assert all(torch.equal(t, before[name]) for name, t in learner.model.state_dict().items())


def test_parameters_left_out_of_the_inner_loop_may_be_cut_off():
    learner = built(Cut, adapts="head.*")
    assert_all = gradients_or_zero(learner, tasks())
    assert assert_all["model.head.weight"].norm() > 0


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_a_loss_that_depends_on_nothing_that_moves_is_an_error(mapping):
    learner = built(Unused, adapts="spare.*", mapping=mapping)
    with pytest.raises(ValueError, match="depends on none of the weights that the inner loop"):
        learner(tasks())


def test_lazy_layers_without_a_shape_are_refused():
    with pytest.raises(ValueError, match=r"run the model once on example inputs"):
        MAML(flat(nn.LazyLinear(3)), F.cross_entropy, inner_lr=0.1, inner_steps=1)


def test_a_model_that_keeps_features_can_be_checked_after_it_was_run():
    learner = built(lambda: Keeping(Convolution()))
    gradients(learner, tasks())
    assert check_meta_gradient(learner, tasks()).passed


class Recomputing(nn.Module):
    def __init__(self, reentrant: bool):
        super().__init__()
        self.body, self.head = flat(nn.Linear(20, 6), nn.Tanh()), nn.Linear(6, 3)
        self.reentrant = reentrant

    def forward(self, x):
        return self.head(checkpoint(self.body, x, use_reentrant=self.reentrant))


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML])
@pytest.mark.parametrize("settings", [{}, {"mapping": "vmap"}, {"mapping": "loop"}, "replay"])
@pytest.mark.parametrize("reentrant", [True, False])
def test_activation_checkpointing_in_the_model_is_refused(reentrant, settings, kind):
    if settings == "replay":
        if kind is FirstOrderMAML:
            return
        settings = {"replay": True}
    with pytest.raises((RuntimeError, ValueError), match=r"recomputes activations|checkpointing"):
        built(lambda: Recomputing(reentrant), kind, **settings)(tasks())


def test_hooks_for_saved_tensors_around_a_learner_are_left_alone():
    learner, packed = built(Convolution), []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: packed.append(0) or t, lambda t: t):
        found = gradients(learner, tasks())
    assert packed
    expected = gradients(built(Convolution), tasks())
    assert all(torch.equal(found[name], gradient) for name, gradient in expected.items())


def test_torch_compile_changes_no_meta_gradient():
    """Its tracer knows no derivatives but those of torch.func."""
    learner = built(Unused, mapping="loop")
    expected = gradients_or_zero(learner, tasks())
    loss = learner(tasks()).item()
    learner.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.compile(learner, backend="eager")(tasks())
        compiled.backward()
    assert compiled.item() == pytest.approx(loss, rel=1e-12)
    weight = learner.model.head.weight.grad
    assert torch.allclose(weight, expected["model.head.weight"], rtol=1e-12)
