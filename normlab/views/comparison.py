"""Runs side by side: the settings that differ first, then what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from normlab.lab.experiment import Experiment
from normlab.lab.settings import differences, leaves, show_setting
from normlab.views.comparison_cells import ABSENT, Cell, Row
from normlab.views.comparison_results import obstacles, partners, results
from normlab.views.history import History

CONFOUNDED, NOT_COMPARED = "confounded", "not compared"
"""Names of the rows that warn."""


@dataclass(frozen=True)
class Comparison:
    """A table with a column per arm, the baseline's first."""

    arms: list[str]
    settings: list[Row]
    """Those that differ, and how many changes confound an arm."""
    other_settings: list[Row]
    """All others, where they were asked for: equal ones, and fields that only some kinds have."""
    results: list[Row]
    not_compared: list[str]
    """Per arm, why its metrics (or some of them) have no difference to the baseline; "" where all have."""

    @property
    def sections(self) -> list[list[Row]]:
        """All rows in their order: settings that differ, the others, results; none of them empty."""
        settings = list(self.settings)
        if any(self.not_compared):
            settings.append(Row(NOT_COMPARED, [Cell(reason) for reason in self.not_compared]))
        return [rows for rows in (settings, self.other_settings, self.results) if rows]


def compare(
    arms: Iterable[tuple[str, Sequence[History]]],
    all_settings: bool = False,
    repeats: Iterable[History] = (),
) -> Comparison:
    """Set named arms side by side, each with one or more runs; the first arm is the baseline.

    Differences are between runs with the same seed. `repeats` are runs of the baseline's experiment with
    other seeds, for arms that its own column has no run to compare with.
    """
    named = list(arms)
    runs = [runs for _, runs in named]
    others = partners(runs[0], repeats)
    experiments = [first.experiment for first, *_ in runs]
    settings = _settings(experiments, seeds=all(len(arm) == 1 for arm in runs))
    rest = _other_settings(experiments, settings) if all_settings else []
    names = numbered(name for name, _ in named)
    return Comparison(names, settings, rest, results(runs, others), obstacles(runs, others))


def numbered(names: Iterable[str]) -> list[str]:
    """Tell names apart that are the same.

    >>> numbered(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    found: list[str] = []
    for name in names:
        count, told = 1, name
        while told in found:
            count += 1
            told = f"{name} ({count})"
        found.append(told)
    return found


# Settings.


def _settings(experiments: Sequence[Experiment], seeds: bool) -> list[Row]:
    """List what differs; a seed is a repetition, no change, but tells single runs apart."""
    changes = [list(differences(experiments[0], other)) for other in experiments]
    paths = dict.fromkeys(difference.path for changed in changes for difference in changed)
    rows = [_setting_row(path, experiments) for path in paths]
    if seeds and any(other.seed != experiments[0].seed for other in experiments):
        rows.append(_setting_row("seed", experiments))
    if any(len(changed) > 1 for changed in changes):
        counts = [f"{len(c)} changes" if len(c) > 1 else "" for c in changes]
        rows.append(Row(CONFOUNDED, [Cell(count) for count in counts]))
    return rows


def _other_settings(experiments: Sequence[Experiment], shown: Sequence[Row]) -> list[Row]:
    """List the settings that no row shows yet, each record's own together."""
    done = {row.name for row in shown} | {f"{row.name}.kind" for row in shown}
    every = dict.fromkeys(path for experiment in experiments for path, _ in leaves(experiment))
    groups = list(dict.fromkeys(path.rpartition(".")[0] for path in every))
    paths = sorted(every, key=lambda path: groups.index(path.rpartition(".")[0]))
    return [_setting_row(path, experiments) for path in paths if path not in done]


def _setting_row(path: str, experiments: Sequence[Experiment]) -> Row:
    values = [_setting(experiment, path) for experiment in experiments]
    return Row(path, [Cell(show_setting(value), differs=value != values[0]) for value in values])


def _setting(experiment: Experiment, path: str) -> object:
    """Give an arm's own value of a setting; a part of another kind may have none."""
    value: object = experiment
    for step in path.split("."):
        if not hasattr(value, step):
            return ABSENT
        value = getattr(value, step)
    return value
