"""What an export takes: kept runs with their curves, and how they group."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.store.kept import KeptRun
from normlab.views.comparison import CONFOUNDED, Comparison, compare
from normlab.views.comparison_cells import ABSENT
from normlab.views.history import History


@dataclass(frozen=True)
class Exhibit:
    """A run that is taken elsewhere."""

    run: KeptRun
    history: History
    """Its events, folded; its experiment is the run's."""

    @property
    def label(self) -> str:
        """What the run is called, with nothing hidden in it; still untrusted text."""
        return visible(self.run.title)


@dataclass(frozen=True)
class Arm:
    """Runs that share everything but the seed."""

    label: str
    runs: list[Exhibit]


def by_arm(exhibits: Sequence[Exhibit]) -> list[Arm]:
    """Gather runs that share settings and origin, in their order; a seed run twice stands apart."""
    seen: Counter[tuple[Experiment, str | None]] = Counter()
    found: dict[tuple[Experiment, str | None, int], list[Exhibit]] = {}
    for exhibit in exhibits:
        experiment, origin = exhibit.history.experiment, exhibit.run.origin
        repeat = seen[experiment, origin]
        seen[experiment, origin] += 1
        bare = experiment.model_copy(update={"seed": 0})
        found.setdefault((bare, origin, repeat), []).append(exhibit)
    return [
        Arm(runs[0].label + (f" · {len(runs)} seeds" if len(runs) > 1 else ""), runs)
        for runs in found.values()
    ]


def side_by_side(exhibits: Sequence[Exhibit], all_settings: bool = False) -> Comparison:
    """Compare the runs arm by arm; the first run's arm is the baseline."""
    arms = by_arm(exhibits)
    return compare([(arm.label, [each.history for each in arm.runs]) for arm in arms], all_settings)


def changed_settings(exhibits: Sequence[Exhibit]) -> dict[str, list[str | None]]:
    """Give the settings that differ among the runs, by path: a text for each run, none where it has none.

    The seed is left out.
    """
    rows = compare([(each.run.id, [each.history]) for each in exhibits]).settings
    return {
        row.name: [None if cell.text == ABSENT else cell.text for cell in row.cells]
        for row in rows
        if row.name not in ("seed", CONFOUNDED)
    }


def prose(text: str) -> str:
    """Show what is hidden in text of several lines; still untrusted text.

    >>> prose("a\\x1b[0m")
    'a\u27e8U+001B\u27e9[0m'
    """
    return "\n".join(visible(line, 20_000) for line in text.splitlines())
