"""What an export takes: kept runs with their curves, and how they group."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.lab.settings import differences, label
from normlab.store.kept import KeptRun
from normlab.views.comparison import Comparison, compare, numbered
from normlab.views.comparison_cells import ABSENT, Cell, Row
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

    @property
    def origin(self) -> str:
        """Where its first weights came from, with nothing hidden in it; empty where they were drawn."""
        return visible(self.run.origin or "")


@dataclass(frozen=True)
class Arm:
    """Runs that share everything but the seed."""

    label: str
    runs: list[Exhibit]


def by_arm(exhibits: Sequence[Exhibit]) -> list[Arm]:
    """Gather runs that share settings and origin, in their order; a seed run twice stands apart.

    Arms of one name are told apart by what they change.
    """
    seen: Counter[tuple[Experiment, str | None]] = Counter()
    found: dict[tuple[Experiment, str | None, int], list[Exhibit]] = {}
    for exhibit in exhibits:
        experiment, origin = exhibit.history.experiment, exhibit.run.origin
        repeat = seen[experiment, origin]
        seen[experiment, origin] += 1
        bare = experiment.model_copy(update={"seed": 0})
        found.setdefault((bare, origin, repeat), []).append(exhibit)
    first: dict[str, Exhibit] = {}
    names = [_name(runs, first.setdefault(runs[0].label, runs[0])) for runs in found.values()]
    return [Arm(name, runs) for name, runs in zip(numbered(names), found.values(), strict=True)]


def _name(runs: Sequence[Exhibit], namesake: Exhibit) -> str:
    run = runs[0]
    changed = list(differences(namesake.history.experiment, run.history.experiment))
    words = [run.label]
    if changed:
        words.append(label(changed))
    if run.run.origin != namesake.run.origin:
        words.append(f"from {run.origin}" if run.origin else "from drawn weights")
    if len(runs) > 1:
        words.append(f"{len(runs)} seeds")
    return " · ".join(words)


def side_by_side(arms: Sequence[Arm], all_settings: bool = False) -> Comparison:
    """Compare arms, the first as the baseline; a row tells whose weights some began with."""
    compared = compare([(arm.label, [each.history for each in arm.runs]) for arm in arms], all_settings)
    origins = [arm.runs[0].origin for arm in arms]
    if not any(origins):
        return compared
    row = Row("origin", [Cell(origin or ABSENT, differs=origin != origins[0]) for origin in origins])
    return replace(compared, settings=[*compared.settings, row])


def prose(text: str) -> str:
    """Show what is hidden in text of several lines; still untrusted text.

    >>> prose("a\\x1b[0m")
    'a\u27e8U+001B\u27e9[0m'
    """
    return "\n".join(visible(line, 20_000) for line in text.splitlines())


def literal(text: str) -> str:
    """Write text as Markdown that shows it as it is, after an empty line."""
    return "\n".join(f"    {line}" for line in prose(text).splitlines())
