"""normlab runs: what can be said of kept runs on the command line."""

from typing import Annotated

import typer

from normlab.cli.completion import complete_filter, complete_format, complete_run, complete_setting
from normlab.cli.options import (
    CheckpointEvery,
    Csv,
    Events,
    Json,
    Overwrite,
    Quiet,
    RunId,
    RunIds,
    TimeLimit,
    Yes,
)

runs_app = typer.Typer(
    help="Find, compare, resume and export kept runs.", no_args_is_help=True, rich_markup_mode=None
)
Filter = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILTER...",
        help="norm=batch lr>=0.01 val_accuracy>0.9 outcome=completed tag:paper date>=2026-11-01 word",
        autocompletion=complete_filter,
    ),
]


@runs_app.command("list")
def list_runs(
    filter: Filter = None,
    sort: Annotated[
        str, typer.Option(metavar="KEY", help="Field, metric or setting; with - in front the largest first.")
    ] = "-date",
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=1_000_000, help="Runs to list: 20 as a table, else all, unless you say."
        ),
    ] = None,
    offset: Annotated[int, typer.Option(metavar="N", min=0, help="Runs to leave out before them.")] = 0,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List kept runs, newest first: all, or those that every word of a filter finds."""
    from normlab.cli.run_list import join_words, print_list

    print_list(join_words(filter or []), sort, limit, offset, json, csv)


@runs_app.command("show")
def show_run(
    run: RunId,
    events: Annotated[bool, typer.Option("--events", help="Print its events, a line of JSON each.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Show settings at their defaults too.")] = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Show a run: settings, outcome, metrics, environment, checkpoints, note and tags."""
    from normlab.cli.run_show import print_events, print_run

    if events:
        print_events(run, csv)
    else:
        print_run(run, all_, json, csv)


@runs_app.command("compare")
def compare_runs(runs: RunIds, json: Json = False, csv: Csv = False) -> None:
    """Set runs side by side, the first as the baseline; those that differ only in their seeds as one."""
    from normlab.cli.run_compare import print_runs

    print_runs(runs, json, csv)


@runs_app.command("evaluate")
def evaluate_run(
    weights: Annotated[
        str,
        typer.Argument(
            metavar="ID[:best|last]", help="Run, and which of its weights.", autocompletion=complete_run
        ),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Evaluate on a changed experiment; repeatable.",
            autocompletion=complete_setting,
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Measure a run's kept weights on its data, without training."""
    from normlab.cli.run_evaluate import print_evaluation

    print_evaluation(weights, set_ or [], device, json, csv)


@runs_app.command("resume")
def resume_run(
    run: RunId,
    device: Annotated[str | None, typer.Option(help="Another device than the one it began on.")] = None,
    checkpoint_every: CheckpointEvery = None,
    time_limit: TimeLimit = None,
    json: Events = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was interrupted or stopped, or has failed, as if it never had been."""
    from normlab.cli.resume import resume

    form = "json" if json else "quiet" if quiet else "full"
    raise typer.Exit(resume(run, device, checkpoint_every, time_limit, form))


@runs_app.command("extend")
def extend_run(
    run: RunId,
    epochs: Annotated[int | None, typer.Option(metavar="N", min=1, help="Epochs in all.")] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps in all, where the run counts them.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Another device than the one it began on.")] = None,
    checkpoint_every: CheckpointEvery = None,
    time_limit: TimeLimit = None,
    json: Events = False,
    quiet: Quiet = False,
) -> None:
    """Train a run to another length, beyond what it has trained: --epochs (or --steps) in all."""
    from normlab.cli.resume import extend

    form = "json" if json else "quiet" if quiet else "full"
    raise typer.Exit(extend(run, epochs, steps, device, checkpoint_every, time_limit, form))


@runs_app.command("export")
def export_runs(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Ids of runs, or how they begin.", autocompletion=complete_run),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="What to write; without it the formats are listed.",
            autocompletion=complete_format,
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="PATH", help="File or folder to write; by default named here.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Write runs as tables, pages, pictures, models, or for other tools; without --to, list the formats."""
    from normlab.cli.run_export import export_to, print_formats

    if to is None:
        print_formats(json, csv)
    else:
        export_to(runs or [], to, out, overwrite)


@runs_app.command("import")
def import_runs(
    folders: Annotated[list[str], typer.Argument(metavar="FOLDER...", help="Folders of runs.")],
) -> None:
    """Take runs' folders from another machine into the store."""
    from normlab.cli.run_import import import_all

    raise typer.Exit(import_all(folders))


# Only --help: -h would be found in -hot, a tag that is to be taken off.
@runs_app.command("tag", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
def tag_runs(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="ID... +TAG -TAG...",
            help="Runs, tags to add, tags to take off.",
            autocompletion=complete_run,
        ),
    ],
) -> None:
    """Tag runs: normlab runs tag k3f9q2 +paper -draft."""
    from normlab.cli.run_notes import tag_all

    tag_all(words)


@runs_app.command("note")
def note_run(
    run: RunId,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT|-]", help="The new note; - reads it from stdin.")
    ] = None,
) -> None:
    """Put a note to a run, or print the one it has."""
    from normlab.cli.run_notes import note

    note(run, text)


@runs_app.command("delete")
def delete_runs(runs: RunIds, yes: Yes = False) -> None:
    """Delete runs for good, with their weights."""
    from normlab.cli.run_delete import delete_all

    delete_all(runs, yes)


@runs_app.command("prune")
def prune_runs(
    checkpoints: Annotated[
        bool,
        typer.Option("--checkpoints", help="Also what completed runs could be extended from; weights stay."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Yes = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Free space: runs deleted in the lab, and folders that belong to no run."""
    from normlab.cli.run_prune import prune

    prune(checkpoints, dry_run, yes, json, csv)
