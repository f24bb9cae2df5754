"""What is made of a cluster's answers."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from distributed import KilledWorker, Security
from distributed.comm import connect
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.sweep.points import grid_points
from metalearn_lab.sweep.scheduling import on_cluster, workers_at
from metalearn_lab.sweep.sweep_file import Entry
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError


@pytest.fixture
def point(notebooks):
    [point] = grid_points([Entry(select(["0"])[0], {})], notebooks)
    return point


class Cluster:
    """A cluster that answers every run alike, and remembers what it was handed."""

    def __init__(self, status, error=None):
        self.status, self.error, self.jobs = status, error, []

    def submit(self, run, *job, key):
        self.jobs.append(job)
        return SimpleNamespace(
            status=self.status, key=key, exception=lambda: self.error, result=self.fail
        )

    def fail(self):
        raise self.error


@pytest.fixture
def ask(point, monkeypatch):
    """What becomes of a point on such a cluster."""
    monkeypatch.setattr("distributed.as_completed", list)

    def outcomes_of(cluster):
        monkeypatch.setattr(
            "metalearn_lab.sweep.scheduling.workers_at", lambda *_: nullcontext(cluster)
        )
        return list(on_cluster(None, None, [point]))

    return outcomes_of


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KilledWorker("run", None, 4), "the worker died each time that this was tried (out of"),
        (ModuleNotFoundError("No module named 'metalearn_lab'"), "ModuleNotFoundError: No module"),
    ],
)
def test_a_run_that_no_worker_could_do_fails_with_the_reason(ask, point, error, reason):
    [(ended, (record, files))] = ask(Cluster("error", error))
    assert ended == point
    assert record.error.startswith(reason)
    assert (record.key, record.parameters, files) == (point.key, point.parameters, {})


@pytest.mark.parametrize("status", ["cancelled", "lost"])
def test_a_cluster_that_is_gone_ends_the_sweep(ask, status):
    with pytest.raises(WorkbookError, match=r"the cluster was lost .* the same command goes on"):
        ask(Cluster(status))


def test_a_notebook_travels_without_its_outputs(ask, point):
    import nbformat

    content = nbformat.read(point.notebook, as_version=4)
    content.cells[1].outputs = [nbformat.v4.new_output("stream", text="verbose " * 1000)]
    nbformat.write(content, point.notebook)
    cluster = Cluster("error", ValueError("enough"))
    ask(cluster)
    [(_, content_sent, *_)] = cluster.jobs
    assert b"verbose" not in content_sent
    assert [cell.source for cell in nbformat.reads(content_sent.decode(), 4).cells] == [
        cell.source for cell in content.cells
    ]


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense://x"])
def test_no_scheduler_at_the_address_is_said_with_what_to_do(monkeypatch, address):
    monkeypatch.setattr("metalearn_lab.sweep.scheduling.CONNECTION_TIMEOUT", 0.3)
    with (
        pytest.raises(WorkbookError, match=rf"no Dask scheduler answers at {address} \(.*dask sch"),
        workers_at(address, None, 1),
    ):
        pass


def test_an_address_is_looked_up_even_if_nothing_is_left_to_run(monkeypatch):
    monkeypatch.setattr("metalearn_lab.sweep.scheduling.CONNECTION_TIMEOUT", 0.3)
    assert list(on_cluster(None, None, [])) == []
    with pytest.raises(WorkbookError, match="no Dask scheduler answers"):
        list(on_cluster("127.0.0.1:9", None, []))


def test_workers_here_and_a_cluster_elsewhere_exclude_each_other(tmp_path):
    arguments = ["sweep", "x.yml", "--out", str(tmp_path), "--workers", "2", "--scheduler", "x:1"]
    with pytest.raises(WorkbookError, match="--workers starts workers and --scheduler uses"):
        CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


def test_nobody_else_can_connect_to_the_workers_of_this_machine():
    """A worker runs what it is sent, and other users of a machine can reach its local ports."""
    with workers_at(None, 1, 1) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        other_key = Security.temporary().get_connection_args("client")
        with pytest.raises(OSError, match="TLS certificate does not match"):
            client.sync(connect, address, timeout=30, **other_key)
        assert client.submit(abs, -5).result(timeout=60) == 5
