"""A compiler or a folder that cannot be used makes training slower, never fail."""

import ctypes
import os
import subprocess
import sys

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.compiled.c_compiler import load_library
from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training import compiling
from metalearn_lab.training.meta_train import meta_train

TEXT = '__attribute__((visibility("default"))) int answer(void) { return ANSWER; }\n'


@pytest.fixture(autouse=True)
def _compiled_anew():
    load_library.cache_clear()
    yield
    load_library.cache_clear()


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_words_after_the_compilers_name_are_its_arguments(monkeypatch):
    monkeypatch.setenv("CC", "cc -O1 '-DANSWER=6 * 7'")
    assert load_library((TEXT,)).answer() == 42


def test_a_path_with_a_space_is_one_compiler(monkeypatch, tmp_path):
    compiler = script(tmp_path / "my cc", 'exec cc -DANSWER=7 "$@"')
    monkeypatch.setenv("CC", str(compiler))
    assert load_library((TEXT,)).answer() == 7


@pytest.mark.parametrize("wanted", ["no-such-compiler", "no-such-compiler -O2", "'unclosed"])
def test_a_compiler_that_is_not_here_is_named(monkeypatch, wanted):
    monkeypatch.setenv("CC", wanted)
    with pytest.raises(NotCompilable, match=r"CC=.* names no C compiler .* CC='gcc -O3'"):
        load_library((TEXT,))


@pytest.mark.parametrize("end", ["kill -KILL $$", "exit 3", "echo no space left >&2; exit 1"])
def test_a_compiler_that_is_killed_or_fails_is_named(monkeypatch, tmp_path, end):
    monkeypatch.setenv("CC", str(script(tmp_path / "cc", end)))
    with pytest.raises(NotCompilable, match="refuses the compiled step"):
        load_library((TEXT,))


def test_what_is_no_program_is_not_compilable(monkeypatch, tmp_path):
    (tmp_path / "cc").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    with pytest.raises(NotCompilable, match="cannot be made or loaded"):
        load_library((TEXT,))


def test_a_temporary_folder_that_cannot_be_written_is_named(monkeypatch):
    def full(*args, **settings):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    with pytest.raises(NotCompilable, match=r"No space left on device.*set TMPDIR"):
        load_library((TEXT,))


def train():
    learner = MAML(MLP([1, 3, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
    optimizer = torch.optim.SGD(learner.parameters(), 0.01)
    return meta_train(
        learner,
        lambda i: Sinusoids().batch(i, 1),
        iterations=3,
        optimizer=optimizer,
        progress=False,
    )


def test_where_the_folder_may_not_execute_a_run_is_only_slower(monkeypatch):
    def forbidden(path):
        raise OSError(f"{path}: failed to map segment from shared object")

    monkeypatch.setattr(compiling, "_FEWEST_ITERATIONS", 1)
    monkeypatch.setattr(ctypes, "CDLL", forbidden)
    with pytest.warns(UserWarning, match=r"not compiled.*failed to map.*set TMPDIR to a folder"):
        run = train()
    assert run.iterations == 3


MOUNTED = """
mount -t tmpfs -o noexec tmpfs "$1" || exit 77
TMPDIR="$1" exec "$2" -c '
from metalearn_lab.compiled.c_compiler import load_library
from metalearn_lab.compiled.not_compilable import NotCompilable
try:
    load_library(("int answer(void) { return 1; }",))
except NotCompilable as error:
    print(error)
'
"""


def test_a_folder_that_is_really_mounted_so(tmp_path):
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNTED, "sh"]
    environment = {name: value for name, value in os.environ.items() if name != "CC"}
    try:
        done = subprocess.run(
            [*command, str(tmp_path), sys.executable],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if done.returncode in (1, 77) and "NotCompilable" not in done.stderr and not done.stdout:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert "set TMPDIR to a folder" in done.stdout, done.stderr
