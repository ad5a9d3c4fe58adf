"""How long commands take, beside a Python that does nothing; and what a short run takes beside its training.

    python benchmarks/start.py [--runs 9]

Compiled bytecode lies ready, as where the lab is installed. A run's time is parted into the import of torch,
training by its own watch, which has the saving of weights in it, and the rest, the rows' writing included.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter

from normlab.core import places

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "normlab --help": ["-m", "normlab", "--help"],
    "presets list": ["-m", "normlab", "presets", "list"],
    "presets check": ["-m", "normlab", "presets", "check", str(places.shipped_presets() / "digits.toml")],
}
RUN = ["--preset", "digits", "--no-ui", "--device", "cpu"]
BAR = 0.4
# The command with torch imported before it, so that its import can be told from the rest.
LAUNCHER = """
import sys, time
began = time.perf_counter()
import torch
print("torch:", time.perf_counter() - began, file=sys.stderr)
from normlab.__main__ import main
main()
"""


def seconds(arguments, environment):
    """Time one process."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], check=True, capture_output=True, text=True, env=environment
    )
    return time.perf_counter() - began, done


def show(taken):
    return f"{statistics.median(taken):.3f} s ({min(taken):.3f} to {max(taken):.3f})"


def start(runs, environment):
    """Print the median of each command, all taken in turn."""
    times = {name: [] for name in COMMANDS}
    for number in range(runs + 1):
        for name, arguments in COMMANDS.items():
            taken, _ = seconds(arguments, environment)
            if number:
                times[name].append(taken)
    for name, taken in times.items():
        print(f"{name:15} {show(taken)}")


def run(runs, environment):
    """Print how a run's time is parted."""
    parts = {"whole": [], "torch": [], "training": [], "rest": []}  # seconds of each
    for number in range(runs + 1):
        whole, done = seconds(["-c", LAUNCHER, *RUN, "--quiet"], environment)
        torch = next(float(line[6:]) for line in done.stderr.splitlines() if line.startswith("torch:"))
        listed = seconds(["-m", "normlab", "runs", "list", "--json"], environment)[1].stdout
        training = sum(each["seconds"] for each in json.loads(listed)[:3])  # the newest
        if number:
            for name, taken in zip(parts, (whole, torch, training, whole - torch - training), strict=True):
                parts[name].append(taken)
    print(f"normlab {' '.join(RUN)} --quiet: {statistics.median(parts['whole']):.3f} s")
    for name in ("torch", "training", "rest"):
        print(f"  {name:9} {show(parts[name])}")
    met = "met" if statistics.median(parts["rest"]) < BAR else "NOT met"
    print(f"  bar of the rest {BAR} s: {met}")


def imports(environment):
    """Print what else is imported, by package; Python's own clock of imports makes them slower."""
    _, done = seconds(["-X", "importtime", "-c", LAUNCHER, *RUN, "--quiet"], environment)
    own, beside_torch = Counter(), False
    for line in done.stderr.splitlines():
        if line.startswith("torch:"):
            beside_torch = True
        elif beside_torch and line.startswith("import time:"):
            micro, _, name = line.removeprefix("import time:").split("|")
            own[name.strip().partition(".")[0]] += int(micro) / 1e6
    print(f"  imports beside torch {sum(own.values()):.3f} s:", end=" ")
    print(", ".join(f"{name} {taken:.3f}" for name, taken in own.most_common(8)))


def main():
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NORMLAB_HOME": folder, "OMP_NUM_THREADS": "1"}
        environment["PYTHONPYCACHEPREFIX"] = folder + "/bytecode"
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        start(asked.runs, environment)
        run(asked.runs, environment)
        imports(environment)


if __name__ == "__main__":
    main()
