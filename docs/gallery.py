"""Run the shipped presets that make a claim, and write presets/RESULTS.md from what came of them.

python docs/gallery.py [--only NAME…] [--write] [--jobs N]

Runs are kept in NORMLAB_HOME, by default .gallery beside this folder: a second time only what is missing is
trained. --only trains these presets alone, --write trains nothing; RESULTS.md tells of all that is kept.

In .gallery the weights of runs that have ended are removed after each preset, as only numbers are needed: all
of it takes about 0.1 GB, and 7 GB more while b4-signal is trained. A home of your own keeps them all.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from normlab.analysis.wording import sentences
from normlab.components.datasets._torchvision import TorchvisionImages
from normlab.core.quoting import for_markdown
from normlab.exports.study_blocks import plain
from normlab.exports.study_effect import claimed, effect, levelled
from normlab.exports.study_markdown import bullets, inline
from normlab.lab.presets import load_preset_file
from normlab.store.planning import plan_study
from normlab.store.slots import slots
from normlab.store.store import open_store
from normlab.views.board import recall_board
from normlab.views.durations import spent
from normlab.views.study_caveats import caveats

ROOT = Path(__file__).parent.parent
PRESETS = ROOT / "presets"
TARGET = PRESETS / "RESULTS.md"
OWN_HOME = ROOT / ".gallery"
LIMIT = 300
"""Seconds that a preset may take with two jobs."""
VERSIONS = ("normlab", "torch", "numpy", "scikit-learn", "python", "processor", "cores")

HEAD = """\
# Results

What came of the claims that the shipped presets make, whatever it was: a claim that is refuted here stays in,
and says so. Each is about one small set-up, on one machine, and nothing more. `make gallery` writes this file
from real runs; [docs/STATISTICS.md](../docs/STATISTICS.md) tells how a verdict comes about.

"Claimed" is what the preset said beforehand: which way, and which difference counts. "Training" is the sum
over all runs of a preset, of which two were trained at a time: it depends on the machine and its load.
"""
COLUMNS = ("preset", "claim", "claimed", "verdict", "effect", "interval", "seeds", "training")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="train these presets alone")
    parser.add_argument("--write", action="store_true", help="train nothing: write from kept runs")
    parser.add_argument("--jobs", type=int, default=2, help="runs to train at the same time")
    options = parser.parse_args(arguments)
    known = {path.stem for path in PRESETS.glob("*.toml")}
    if unknown := [name for name in options.only or () if name not in known]:
        parser.error(f"no such preset: {', '.join(unknown)}")
    choose_home()
    presets = found_presets(PRESETS)
    if not options.write:
        for name, preset in presets.items():
            if obstacle(preset) is None and name in (options.only or presets):
                train(name, options.jobs)
                drop_weights(preset)
    TARGET.write_text(text(presets, open_store()), encoding="utf-8")
    for name, seconds in durations(presets).items():
        if seconds > 2 * LIMIT:
            told = f"{name}: {spent(seconds)} of training, over {spent(LIMIT)} with two jobs; make it smaller"
            print(told, file=sys.stderr)


def choose_home():
    if not os.environ.get("NORMLAB_HOME"):
        OWN_HOME.mkdir(exist_ok=True)
        (OWN_HOME / ".gitignore").write_text("*\n")
        os.environ["NORMLAB_HOME"] = str(OWN_HOME)


def train(name, jobs):
    """Run a preset as anybody would; its verdicts and failures are read from the store afterwards."""
    print(f"{name} …", file=sys.stderr, flush=True)
    command = ["--preset", str(PRESETS / f"{name}.toml"), "--no-ui", "--quiet", "--device", "cpu"]
    done = subprocess.run([sys.executable, "-m", "normlab", *command, "--jobs", str(jobs)], stdout=sys.stderr)
    if done.returncode < 0:
        sys.exit(f"{name}: was killed by {signal.Signals(-done.returncode).name}; nothing is written")
    # 1: a run diverged, which is a result; but so does end what breaks before its first run.
    found = slots(*kept(load_preset_file(PRESETS / f"{name}.toml")))
    if done.returncode > 1 or not all(slot.has_ended for slot in found):
        sys.exit(f"{name}: ended with {done.returncode} before its runs were made; nothing is written")


def drop_weights(preset):
    """Remove the weights of a preset's runs that have ended, if they are the gallery's own."""
    if Path(os.environ["NORMLAB_HOME"]).resolve() != OWN_HOME.resolve():
        return
    for slot in slots(*kept(preset)):
        if slot.has_ended:
            for path in slot.run.folder.glob("*.safetensors"):
                path.unlink(missing_ok=True)


def kept(preset):
    """Give the store, and a preset's study as it stands there."""
    store = open_store()
    return store, plan_study(preset, "cpu", store=store)


def durations(presets):
    """Sum up the seconds of each preset's runs."""
    return {
        name: sum(slot.run.seconds for slot in slots(*kept(preset)) if slot.run)
        for name, preset in presets.items()
        if obstacle(preset) is None
    }


def found_presets(folder):
    """Load the presets, in the order of their ids: a1 to e4, l1 to l23, then the rest."""
    paths = sorted(folder.glob("*.toml"), key=lambda path: place(path.stem))
    return {path.stem: load_preset_file(path) for path in paths}


def place(name):
    """Order names by letter and number.

    >>> sorted(["l10-x", "digits", "l2-x", "a3-mnist", "a3-digits"], key=place)
    ['a3-digits', 'a3-mnist', 'l2-x', 'l10-x', 'digits']
    """
    found = re.match(r"([a-z])(\d+)-", name)
    return (0, found[1], int(found[2]), name) if found else (1, "", 0, name)


def obstacle(preset):
    """Tell why a preset isn't run here; none where it is."""
    if not preset.claims:
        return "makes no claim"
    if preset.study is None:
        return "says nothing of seeds"
    if any(isinstance(cell.experiment.dataset, TorchvisionImages) for cell in preset.cells):
        return "needs a download"
    return None


def text(presets, store):
    """Write the gallery; the same runs give the same text."""
    boards, others, ends = {}, {}, []
    for name, preset in presets.items():
        if (why := obstacle(preset)) is None:
            study = plan_study(preset, "cpu", store=store)
            found = list(slots(store, study))
            board = recall_board(study, store, found)
            if board.num_ended:
                boards[name] = board
                ends += [slot.run.finished or slot.run.created for slot in found if slot.run]
                continue
            why = "was not run"
        others[name] = why
    rows = [row for name, board in boards.items() for row in table_rows(name, board)]
    parts = [HEAD, made_with(boards.values(), ends), counted(boards.values())]
    if rows:
        parts.append("\n".join(map(line, (COLUMNS, ["---"] * 4 + ["--:"] * 4, *rows))))
    parts += [part for name, board in boards.items() for part in section(name, board)]
    if others:
        parts += ["## Not run", "\n".join(f"- [{name}]({name}.toml) {why}" for name, why in others.items())]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def made_with(boards, ends):
    """Tell versions, the kind of machine, and when the last run ended."""
    found = [environment for board in boards for environment in board.environments.values()]
    told = []
    for name in VERSIONS:
        values = sorted({known[name] for known in found if name in known})
        told += [f"{name} {', '.join(map(for_markdown, values))}"] if values else []
    when = f"{datetime.fromtimestamp(max(ends), UTC):%Y-%m-%d}" if ends else ""
    return f"Made with {', '.join(told)}; {when}." if told else ""


def counted(boards):
    """Count the verdicts."""
    words = [verdict.verdict for board in boards for verdict in board.verdicts]
    each = ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
    return f"{len(words)} claims: {each}." if words else ""


def table_rows(name, board):
    seconds = spent(sum(history.seconds for history in board.histories.values()))
    for place, verdict in enumerate(board.verdicts):
        yield [
            f"[{name}]({name}.toml)",
            inline(plain(verdict.claim), in_table=True),
            claimed(verdict),
            verdict.verdict,
            for_markdown(effect(verdict)),
            for_markdown(levelled(verdict)),
            str(verdict.num_pairs),
            "" if place else seconds,
        ]


def section(name, board):
    """Tell a preset's verdicts in sentences, and its caveats."""
    yield f"## {name}"
    yield inline(plain(board.preset.title))
    own = []
    for verdict in board.verdicts:
        yield f"**{verdict.verdict}**: {inline(plain(verdict.claim))}"
        yield inline(plain(sentences(verdict, board.preset.experiment.dataset.kind)))
        own += verdict.caveats
    yield bullets([plain(each) for each in dict.fromkeys([*own, *caveats(board)])])


def line(cells):
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
