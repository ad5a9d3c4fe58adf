"""What can be said on the command line."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from normlab.cli.completion import complete_preset, complete_run, complete_setting
from normlab.cli.options import CheckpointEvery, Csv, Events, Expect, Jobs, Json, Quiet, TimeLimit, Yes
from normlab.cli.runs import runs_app
from normlab.cli.studies import studies_app
from normlab.core.errors import ConfigError, Problem

if TYPE_CHECKING:
    from normlab.lab.presets import Preset

OpenLab = Callable[["Preset | None", str | None, str], int]
"""Opens the lab with a preset, its name, and a device; gives the exit code."""

app = typer.Typer(
    name="normlab",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
presets_app = typer.Typer(help="List, show and check presets.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(presets_app, name="presets")
app.add_typer(runs_app, name="runs")
app.add_typer(studies_app, name="studies")

PresetName = Annotated[
    str,
    typer.Argument(metavar="NAME|FILE", help="Preset to show.", autocompletion=complete_preset),
]


@app.callback(invoke_without_command=True)
def lab(
    context: typer.Context,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Preset to load: its name, or a file's path.",
            autocompletion=complete_preset,
        ),
    ] = None,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="Run the preset here, without the screen.")] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Change a setting of the baseline; repeatable.",
            autocompletion=complete_setting,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="First seed.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=10_000, help="Number of seeds per arm.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ID[:best|last]",
            help="Start from a kept run's weights.",
            autocompletion=complete_run,
        ),
    ] = None,
    checkpoint_every: CheckpointEvery = None,
    time_limit: TimeLimit = None,
    jobs: Jobs = 1,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a study whose arms change several settings.")
    ] = False,
    expect: Expect = None,
    yes: Yes = False,
    json: Events = False,
    quiet: Quiet = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """A laboratory for one question: what does this change do to training?

    Opens the lab in the terminal; normlab --preset digits --no-ui trains without it, and compares norms.
    """
    if version:
        from normlab import __version__

        print(f"normlab {__version__}")
        return
    if context.invoked_subcommand is not None:
        return
    from normlab.cli.plan import plan
    from normlab.engine.device import check_device_name

    check_device_name(device)
    if no_ui:
        if preset is None:
            remedy = "add --preset digits, or one of: normlab presets list"
            raise ConfigError(Problem("--no-ui", "needs a preset to run", remedy))
        from normlab.cli.headless import read_how, run_plan

        arms = plan(preset, set_ or [], seed, seeds)
        how = read_how(device, from_, checkpoint_every, time_limit)
        form = "json" if json else "quiet" if quiet else "full"
        if arms.study is None:
            _refuse(
                {"--jobs": jobs > 1, "--strict": strict, "--expect": expect, "--yes": yes},
                "is for studies",
                "add --seeds N",
            )
            raise typer.Exit(run_plan(arms, how, form))
        from normlab.cli.study import StudyHow, run_study

        raise typer.Exit(run_study(arms, how, StudyHow(jobs, strict, expect, yes), form))
    headless = {"--json": json, "--quiet": quiet, "--from": from_, "--checkpoint-every": checkpoint_every}
    headless |= {"--time-limit": time_limit, "--jobs": jobs > 1, "--strict": strict, "--expect": expect}
    headless["--yes"] = yes
    _refuse(headless, "is for runs without the screen", "add --no-ui")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        remedy = "run headless: normlab --preset digits --no-ui"
        raise ConfigError(Problem("normlab", "needs a terminal for its screens", remedy))
    changed = bool(set_) or seed is not None or seeds is not None
    if preset is None and changed:
        remedy = "add --preset NAME: they change its baseline"
        raise ConfigError(Problem("--set, --seed and --seeds", "need a preset", remedy))
    loaded = None if preset is None else plan(preset, set_ or [], seed, seeds)
    raise typer.Exit(context.obj(loaded, preset, device))


def _refuse(options: Mapping[str, object], rule: str, remedy: str) -> None:
    """Refuse the first of some options that was given."""
    for option, value in options.items():
        if value:
            raise ConfigError(Problem(option, rule, remedy))


@presets_app.command("list")
def list_presets(json: Json = False, csv: Csv = False) -> None:
    """List one's own and the shipped presets."""
    from normlab.cli.presets import print_list

    print_list(json, csv)


@presets_app.command("show")
def show_preset(name: PresetName) -> None:
    """Print a preset's file."""
    from normlab.cli.presets import print_preset

    print_preset(name)


@presets_app.command("check")
def check_presets(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Presets to check: files or names.")],
) -> None:
    """Check preset files: every setting, arm and claim, without running them."""
    from normlab.cli.presets import check_files

    raise typer.Exit(check_files(files))


@presets_app.command("schema")
def print_schema() -> None:
    """Print the JSON schema of a preset, for editors."""
    from normlab.cli.presets import print_schema

    print_schema()


@app.command()
def doctor(
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Tell instead how a preset's arms are trained: stacked with others, or alone and why.",
            autocompletion=complete_preset,
        ),
    ] = None,
) -> None:
    """Show versions, devices and folders, and what is wrong with them."""
    if explain is not None:
        from normlab.cli.doctor_explain import print_ways

        print_ways(explain)
        return
    from normlab.cli.doctor import examine

    raise typer.Exit(examine())
