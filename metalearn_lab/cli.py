"""The `metalearn-lab` command: open the workbook, run it, copy it for a class, say what lacks."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.points import Point, grid_points, points_of_run, points_of_seeds
from metalearn_lab.sweep.sweep_file import read_sweep_file
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import chosen_chapters, notebooks_folder
from metalearn_lab.workbook.out_folder import out_folder

if TYPE_CHECKING:
    from metalearn_lab.sweep.progress import Progress
    from metalearn_lab.sweep.run_points import PointRunner

PARAMETER = ("-p", "--parameter")
Chapters = Annotated[
    list[str] | None,
    typer.Argument(help="Chapters by number, range (1-3) or name; none means all."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit status 1 also if a fact is False.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would run and about how long, and run nothing.")
]
Workers = Annotated[
    int | None, typer.Option(help="Worker processes to start; default: one a core.", min=1)
]

app = typer.Typer(
    name="metalearn-lab",
    invoke_without_command=True,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def of_all(
    version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False,
) -> None:
    """The meta-learning lab: open the workbook, run it headless, copy it for a class."""
    if version:
        from metalearn_lab import __version__

        typer.echo(f"metalearn-lab {__version__}")
        raise typer.Exit


@app.command(epilog="Example: metalearn-lab lab --no-browser --port 9999")
def lab(
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    port: Annotated[
        int | None, typer.Option(help="Listen on this port and no other.", min=1, max=65535)
    ] = None,
) -> None:
    """Open JupyterLab at the first chapter, on this machine only, with a token."""
    from metalearn_lab.workbook.lab import open_lab

    open_lab(notebooks_folder(), browser=browser, port=port)


@app.command(
    epilog="Examples: metalearn-lab run 06 -p shots 5 · metalearn-lab run 1-3 14 --out results"
)
def run(
    chapters: Chapters = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Folder for the results, or one to go on in; default: runs/<time>.",
            metavar="DIR",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(*PARAMETER, metavar="NAME VALUE", help="Set a chapter's parameter."),
    ] = None,
    strict: Strict = False,
    dry_run: DryRun = False,
) -> None:
    """Run chapters through papermill and write one report; exit status 1 if a chapter failed."""
    from metalearn_lab.sweep.report_tables import text_table
    from metalearn_lab.sweep.run_folder import folder_by_the_time
    from metalearn_lab.sweep.run_points import one_after_another

    notebooks, given = notebooks_folder(), [_split_pair(pair) for pair in parameter or []]
    points = points_of_run(chosen_chapters(chapters or []), given, notebooks)
    _end_if_dry(dry_run, points, 1)
    folder = folder_by_the_time(notebooks.parent / "runs") if out is None else out_folder(out)
    progress = _run_points(points, folder, partial(one_after_another, folder))
    typer.echo(text_table(progress.ended_records))
    _finish(progress, folder, strict)


@app.command(
    epilog="Example: metalearn-lab sweep sweep.yml --out grid --workers 2, where sweep.yml says "
    "`- chapter: 0`, and below it `  parameters: {seed: [0, 1, 2]}`"
)
def sweep(
    file: Annotated[
        Path,
        typer.Argument(metavar="SWEEP.yml", help="Chapters and the values to try of parameters."),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="The folder of this sweep, to begin or to go on with.",
            metavar="DIR",
        ),
    ],
    workers: Workers = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Use the workers of this Dask scheduler instead."),
    ] = None,
    strict: Strict = False,
    dry_run: DryRun = False,
) -> None:
    """Run chapters × grids of parameters in worker processes; exit status 1 if a run failed."""
    from metalearn_lab.sweep.scheduling import on_cluster

    if workers and scheduler:
        raise WorkbookError("--workers starts workers and --scheduler uses those there: give one")
    folder, points = out_folder(out), grid_points(read_sweep_file(file), notebooks_folder())
    _end_if_dry(dry_run, points, workers)
    progress = _run_points(points, folder, partial(on_cluster, scheduler, workers))
    _finish(progress, folder, strict)


@app.command(
    epilog="Example: metalearn-lab search notebooks/example_search.yml --out found --trials 20; "
    "the file says what is searched, and what is to be lowest or highest"
)
def search(
    file: Annotated[
        Path,
        typer.Argument(metavar="SEARCH.yml", help="A chapter, its settings, what is to be best."),
    ],
    out: Annotated[
        str,
        typer.Option(help="The folder of this search, to begin or to go on with.", metavar="DIR"),
    ],
    trials: Annotated[int, typer.Option(help="How many choices to run.", min=1)] = 20,
    sampler: Annotated[
        str, typer.Option(help="tpe (learns from earlier trials) or random.", metavar="NAME")
    ] = "tpe",
    sampler_seed: Annotated[int, typer.Option(help="Of the sampler.", min=0)] = 0,
    judges: Annotated[
        int, typer.Option(help="Other seeds at which the best is judged; 0 for none.", min=0)
    ] = 5,
    workers: Workers = None,
) -> None:
    """Search a chapter's settings by Optuna; the best are judged at seeds it has not used."""
    from metalearn_lab.sweep.scheduling import on_cluster
    from metalearn_lab.sweep.search import SAMPLERS
    from metalearn_lab.sweep.search_file import read_search_file
    from metalearn_lab.sweep.search_points import in_words, search_points, write_trials

    if sampler not in SAMPLERS:
        raise WorkbookError(f"--sampler is {' or '.join(SAMPLERS)}, not {sampler!r}")
    folder, plan = out_folder(out), read_search_file(file)
    found = search_points(
        plan,
        notebooks_folder(),
        lambda points: _run_points(points, folder, partial(on_cluster, None, workers)),
        trials=trials,
        sampler=sampler,
        seed=sampler_seed,
        at_once=workers or os.cpu_count() or 1,
        judges=judges,
    )
    write_trials(found, plan, folder)
    typer.echo(f"{in_words(found, plan)}\ntrials: {folder / 'search.csv'}")
    _finish(found.progress, folder, strict=False)


@app.command(
    epilog="Examples: metalearn-lab facts 03 05 --seeds 5 --out facts · make facts, which runs all "
    "chapters and keeps the table beside them"
)
def facts(
    out: Annotated[
        str, typer.Option(help="The folder of the runs, to begin or to go on with.", metavar="DIR")
    ],
    chapters: Chapters = None,
    seeds: Annotated[int, typer.Option(help="How many seeds, and class splits.", min=2)] = 5,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the table also into notebooks/facts.")
    ] = False,
    workers: Workers = None,
    dry_run: DryRun = False,
) -> None:
    """Run chapters with several seeds: which facts hold in all? Exit status 1 for a False proof."""
    from metalearn_lab.sweep.facts_table import FACTS, summarise, write_facts
    from metalearn_lab.sweep.scheduling import on_cluster

    notebooks, folder = notebooks_folder(), out_folder(out)
    points = points_of_seeds(chosen_chapters(chapters or []), seeds, notebooks)
    _end_if_dry(dry_run, points, workers)
    progress = _run_points(points, folder, partial(on_cluster, None, workers))
    table = write_facts(folder, notebooks, notebooks / "facts" if keep else None)
    typer.echo(f"{summarise(table)}\nfacts: {folder / FACTS}")
    _finish(progress, folder, strict=False)
    if any(
        fact["kind"] == "proof" for record in progress.ended_records for fact in record.false_facts
    ):
        raise typer.Exit(1)


def _end_if_dry(dry_run: bool, points: Sequence[Point], workers: int | None) -> None:
    """After ``--dry-run``: say what would run, and end the command."""
    from metalearn_lab.sweep.progress import plan_in_words

    if dry_run:
        typer.echo(plan_in_words(points, min(workers or os.cpu_count() or 1, len(points))))
        raise typer.Exit


def _run_points(points: Sequence[Point], folder: Path, run: PointRunner) -> Progress:
    from metalearn_lab.sweep.run_points import run_points
    from metalearn_lab.workbook.stopping import Stopped, stoppable

    print_line = partial(typer.echo, err=True)
    try:
        with stoppable():
            return run_points(points, folder, run, print_line)
    except Stopped as stopped:
        with suppress(OSError):  # a terminal that is gone
            print_line(
                f"stopped. What has finished is kept: with --out {folder} the same command goes on"
            )
        raise typer.Exit(stopped.status) from None


def _finish(progress: Progress, folder: Path, strict: bool) -> None:
    """Write the report, and say by the exit status whether something failed."""
    from metalearn_lab.sweep.report import write_report

    write_report(folder)
    typer.echo(f"{progress.total_line()}\ntable: {folder / 'results.csv'}")
    typer.echo(f"report: {folder / 'index.html'}")
    if progress.failed_count or (strict and progress.false_fact_count):
        raise typer.Exit(1)


@app.command(epilog="Example: metalearn-lab report runs/2026-11-29T10-00-00")
def report(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of a run or a sweep.")],
) -> None:
    """Write the page of a run or a sweep, also of one that still runs."""
    from metalearn_lab.sweep.report import write_report

    summary = write_report(out_folder(folder))
    typer.echo(f"{summary}\nreport: {Path(folder) / 'index.html'}")


@app.command(
    epilog="Examples: metalearn-lab student handout 00-06 · metalearn-lab student handout --colab "
    "me/lab@v1"
)
def student(
    out: Annotated[str, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    chapters: Chapters = None,
    colab: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/REPO@TAG",
            help="Let the copies install this release on Colab, and lead to each other there; "
            "commit OUT to that repository under that tag.",
        ),
    ] = None,
) -> None:
    """Write copies for a class: the student's without answers, the solution, the instructor's."""
    from metalearn_lab.workbook.class_copies import release_of, write_copies

    chosen, folder = chosen_chapters(chapters or []), out_folder(out)
    release = None if colab is None else release_of(colab)
    for view, paths in write_copies(chosen, notebooks_folder(), folder, release).items():
        typer.echo(f"{view}: {counted(len(paths), 'notebook')} in {folder / view}")


@app.command(epilog="Example: metalearn-lab book site")
def book(
    out: Annotated[str, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    with_answers: Annotated[
        bool, typer.Option("--with-answers", help="Leave the answers to exercises in the pages.")
    ] = False,
) -> None:
    """Build the workbook as a web site, from the chapters as they were last executed."""
    from metalearn_lab.workbook.book.build import build_book

    folder = out_folder(out)
    pages = build_book(CHAPTERS, notebooks_folder(), folder, with_answers=with_answers)
    typer.echo(f"{len(pages)} pages, begin at {folder / 'index.html'}")


@app.command("new-chapter", epilog="Example: metalearn-lab new-chapter 07 learned_rates")
def new_chapter(
    number: Annotated[int | None, typer.Argument(help="Of the chapter, such as 07.")] = None,
    slug: Annotated[
        str | None, typer.Argument(help="The rest of its file name, such as learned_rates.")
    ] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Write the tables of chapters anew, and no more.")
    ] = False,
) -> None:
    """Write the skeleton of a chapter into the clone that we are in, and say what it lacks."""
    from metalearn_lab.workbook.new_chapter import write_skeleton, write_tables

    root = notebooks_folder().parent
    if tables and number is None:
        write_tables(root)
    elif tables:
        raise WorkbookError("--tables writes the tables of all chapters: give it alone")
    elif number is None or slug is None:
        raise WorkbookError("a chapter has a number and a name, such as 07 learned_rates")
    else:
        typer.echo(write_skeleton(number, slug, root))


@app.command(epilog="Example: metalearn-lab serve desk.safetensors --port 9999")
def serve(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A desk that was saved; default: one trained now."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Listen on this port; default: a free one.", min=1, max=65535)
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the desk to this file first.")
    ] = None,
) -> None:
    """Serve a desk of intents as a small page, on this machine only, with a token."""
    from metalearn_lab.serving.command import serve_desk

    with suppress(KeyboardInterrupt):
        serve_desk(file, port, save, typer.echo)


@app.command(epilog="Example: metalearn-lab doctor --class")
def doctor(
    for_class: Annotated[
        bool, typer.Option("--class", help="Check this machine for a class, in ten seconds.")
    ] = False,
) -> None:
    """Say what is installed, which device there is, what is missing and how to get it."""
    if for_class:
        from metalearn_lab.workbook.doctor.class_report import class_report as diagnose
    else:
        from metalearn_lab.workbook.doctor.short_report import diagnose
    report, complete = diagnose()
    typer.echo(report)
    if not complete:
        raise typer.Exit(1)


def join_pairs(arguments: Sequence[str]) -> list[str]:
    """Turn papermill's ``-p NAME VALUE`` into ``-p NAME=VALUE``, which typer can read."""
    joined: list[str] = []
    rest = list(arguments)
    while rest:
        joined.append(rest.pop(0))
        if joined[-1] in PARAMETER and _is_pair(rest[:2]):
            joined.append(f"{rest.pop(0)}={rest.pop(0)}")
    return joined


def _is_pair(words: Sequence[str]) -> bool:
    """Whether these are a name and a value; a negative number is one, another option is not."""
    if len(words) < 2 or not words[0].isidentifier():
        return False
    return words[1] not in PARAMETER and not words[1].startswith("--")


def _split_pair(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise WorkbookError(
            f"-p takes a name and a value, e.g. `-p shots 5`, but '{pair}' has no value "
            f"(one that begins with -- is given with an equals sign: -p {pair}=--…)"
        )
    return name, value


def main() -> None:
    """Run the command; what cannot be done is said in one message, with exit status 2.

    What the terminal's code page cannot show, such as an α, is printed as a question mark.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app(join_pairs(sys.argv[1:]))
    except WorkbookError as error:
        _refuse(str(error))
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _refuse(f"{error.strerror or str(error) or type(error).__name__}{place}")


def _refuse(message: str) -> NoReturn:
    typer.echo(f"metalearn-lab: {message}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
