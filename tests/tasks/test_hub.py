import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import httpx
import pytest

from metalearn_lab.tasks.sources import HubUnavailableError, load_table

OFFLINE = """
from metalearn_lab.tasks.sources import HubUnavailableError, load_table
try:
    load_table("hub", name="clinc/clinc_oos", config="plus")
except HubUnavailableError as error:
    print(isinstance(error, ConnectionError), error)
"""

CORE_ONLY = """
import sys
import metalearn_lab.tasks.sources
print(sorted({"datasets", "hassil", "pandas", "pyarrow"} & set(sys.modules)))
"""


def run(code: str, repository: Path, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(repository), **variables}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def two_splits(*arguments: Any, **options: Any) -> datasets.DatasetDict:
    """What the hub's client gives for a small set."""
    rows = {"train": (["hi", "bye"], ["a", "b"]), "test": (["so long"], ["b"])}
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_dict({"utt": texts, "intent": labels})
            for split, (texts, labels) in rows.items()
        }
    )


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path, repository: Path) -> None:
    said = run(OFFLINE, repository, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert said.startswith("True cannot read 'clinc/clinc_oos' from the hub: ")
    assert 'source="embedded"' in said
    assert "hf download clinc/clinc_oos --repo-type dataset" in said
    assert 'source="files"' in said


def test_splits_become_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def load_dataset(*arguments: Any, **options: Any) -> datasets.DatasetDict:
        calls.append((arguments, options))
        return two_splits()

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    table = load_table("hub", name="some/set", config="plus", exclude=())
    assert calls == [(("some/set", "plus"), {})]
    assert table.texts == ("hi", "bye", "so long")
    assert table.classes == ("a", "b")
    assert table.labels == (0, 1, 1)
    assert table.source == "hub data set some/set, config plus (train, test)"


def test_set_published_with_a_script_is_read_from_the_hubs_parquet_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load_dataset(*arguments: Any, revision: str | None = None) -> datasets.DatasetDict:
        if revision is None:
            raise RuntimeError("Dataset scripts are no longer supported, but found set.py")
        assert revision == "refs/convert/parquet"
        return two_splits()

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    source = load_table("hub", name="some/set").source
    assert (
        source == "hub data set some/set, the hub's parquet copy refs/convert/parquet (train, test)"
    )


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("no route"),
        FileNotFoundError("Dataset 'some/set' doesn't exist on the Hub"),
        httpx.ConnectError("name not known"),
    ],
)
def test_every_failure_of_the_hub_is_one_error(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_dataset(*arguments: Any, **options: Any) -> datasets.DatasetDict:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(HubUnavailableError, match=str(error)) as raised:
        load_table("hub", name="some/set")
    assert raised.value.__cause__ is error


def test_other_failures_are_not_blamed_on_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*arguments: Any, **options: Any) -> datasets.DatasetDict:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(RuntimeError, match="out of luck"):
        load_table("hub", name="some/set")


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("web", {}, "unknown source 'web': use one of embedded, hub, files"),
        ("hub", {}, "source 'hub' needs name=, such as name=\"clinc/clinc_oos\""),
        ("files", {}, "source 'files' needs path="),
        ("embedded", {"path": "data"}, "source 'embedded' takes no path, but path='data'"),
        ("files", {"path": "data", "name": "x"}, "source 'files' takes no name, but name='x'"),
    ],
)
def test_arguments_that_do_not_fit_the_source(
    source: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_table(source, **arguments)


def test_importing_the_sources_imports_no_data_library(repository: Path) -> None:
    assert run(CORE_ONLY, repository).strip() == "[]"
