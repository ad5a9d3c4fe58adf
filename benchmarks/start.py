"""How long the commands that train nothing take, beside a Python that does nothing.

python benchmarks/start.py [--runs 9]
"""

import argparse
import statistics
import subprocess
import sys
import time

from normlab.core import places

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "normlab --help": ["-m", "normlab", "--help"],
    "presets list": ["-m", "normlab", "presets", "list"],
    "presets check": ["-m", "normlab", "presets", "check", str(places.shipped_presets() / "digits.toml")],
}


def main():
    """Print the median of each command, all taken in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    times = {name: [] for name in COMMANDS}
    for number in range(runs + 1):
        for name, arguments in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            if number:
                times[name].append(time.perf_counter() - started)
    for name, seconds in times.items():
        print(f"{name:15} {statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})")


if __name__ == "__main__":
    main()
