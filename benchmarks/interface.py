"""How the lab feels: its first paint, the time from a key to its repaint, and what its charts cost.

    python benchmarks/interface.py [--presses 200] [--runs 7]

The lab runs on a pseudo-terminal of 80 x 24, and a key's time ends with the bytes that it alone can bring.
"""

import argparse
import asyncio
import fcntl
import gc
import os
import pty
import random
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager
from pathlib import Path

from normlab.core import places

BARS = {"p95": 0.035, "max": 0.300}
"""Seconds from a key to its repaint, while digits-MLP trains."""
FIRST_PAINT = 0.6
LAB = [sys.executable, "-m", "normlab"]
FLOOR = [sys.executable, "-c", "import textual.app, textual.widgets"]
DOWN, UP, LEFT, RIGHT = b"\x1b[B", b"\x1b[A", b"\x1b[D", b"\x1b[C"


class Lab:
    """The lab on a pseudo-terminal."""

    def __init__(self, command, home):
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1", "NORMLAB_HOME": home}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)

    def press(self, keys):
        os.write(self.master, keys)

    def read(self, pattern, seconds):
        """Read until bytes match, or for a while where there is no pattern; give the time of the match."""
        written, until = b"", time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                written += os.read(self.master, 65536)
                now = time.perf_counter()
                if pattern and re.search(pattern, written):
                    return now
        if pattern:
            raise TimeoutError(f"{pattern} never came")
        return None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@contextmanager
def lab(*arguments):
    """Run the lab in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        shown = Lab([*LAB, *arguments], home)
        try:
            yield shown
        finally:
            shown.close()


def first_paint(runs):
    """Take the start of the lab and that of Python with Textual in turns."""
    paints, floors = [], []
    for number in range(runs + 1):
        with lab("--preset", "digits") as shown:
            paint = shown.read(b"Norm", 30) - shown.started
        started = time.perf_counter()
        subprocess.run(FLOOR, check=True)
        floor = time.perf_counter() - started
        if number:
            paints.append(paint)
            floors.append(floor)
    print(f"first paint {show(paints)}; bar {FIRST_PAINT} s")
    print(f"  floor: importing Textual and its widgets {show(floors)}")


def show(seconds):
    return f"{statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})"


def presses(shown, keys, count, random_):
    """Press keys in turns at irregular intervals, and time each from the write to its own bytes."""
    times = []
    for number in range(count):
        key, pattern = keys[number % len(keys)]
        shown.read(None, random_.uniform(0.05, 0.2))
        pressed = time.perf_counter()
        shown.press(key)
        times.append(shown.read(pattern, 10) - pressed)
    return times


def tell(what, times):
    times = sorted(times)
    p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
    print(
        f"{what:24} median {1000 * statistics.median(times):5.1f} ms, p95 {1000 * p95:5.1f}, "
        f"max {1000 * times[-1]:5.1f}  (bars {1000 * BARS['p95']:.0f} and {1000 * BARS['max']:.0f})"
    )


# The help of the row that gets the focus.
ROWS = [(DOWN, rb"No dropout: y = x\."), (UP, rb"No normalization: y = x\.")]
# The row of readings begins with the cursor's epoch; what trains tells its own as "epoch 7/10".
CURSOR = [(LEFT, rb"epoch [\d,]+\x1b"), (RIGHT, rb"epoch [\d,]+\x1b")]


def keys(count, preset):
    """Press keys in the form and on the charts, idle and while it trains."""
    random_ = random.Random(0)
    for training in (False, True):
        with lab("--preset", preset, "--device", "cpu") as shown:
            shown.read(b"device cpu", 60)
            shown.read(None, 1)
            if training:
                shown.press(b"r")
                shown.read(rb"\d left", 60)
                shown.read(None, 3)
            tell(f"form, {'training' if training else 'idle'}", presses(shown, ROWS, count, random_))
            if not training:  # some points, and then peace
                shown.press(b"r")
                shown.read(rb"\d left", 60)
                shown.read(None, 5)
                shown.press(b"x")
                shown.read(b"device cpu", 60)
            shown.press(b"g")
            shown.read(None, 1)
            shown.press(b"\x1b[F")
            shown.read(None, 1)
            tell(f"charts, {'training' if training else 'idle'}", presses(shown, CURSOR, count, random_))


async def charts(preset, seconds):
    """Count the drawings of the charts, and their points, while it trains."""
    from normlab.lab.presets import load_preset_file
    from normlab.tui.app import LabApp
    from normlab.tui.preferences import Preferences
    from normlab.tui.widgets.chart_canvas import ChartCanvas

    app = LabApp(load_preset_file(Path(preset)), Preferences(), device="cpu")
    built = []
    async with app.run_test(size=(120, 36)) as pilot:
        canvas = app.screen.query_one(ChartCanvas)
        settle = canvas._settle

        def count():
            before = canvas.num_builds
            settle()
            if canvas.num_builds != before:
                built.append((time.perf_counter(), canvas.drawing.num_points, canvas.size.width))

        canvas._settle = count
        await pilot.press("r")
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            await asyncio.sleep(0.1)
            if not app.bench.session.runs[0].history.points:
                ends = time.perf_counter() + seconds
            elif len(built) % 5 == 4:
                app.screen.query_one("ChartPane").action_log()  # what somebody asks for counts too
        num_points = len(app.bench.session.runs[0].history.points)
        app.bench.session.stop_all()
    gc.unfreeze()  # else torch's libraries complain at the end of what is still there
    at = [when for when, _, _ in built]
    most = max((sum(1 for other in at if when <= other < when + 1) for when in at), default=0)
    width = built[-1][2]
    drawn = max(points for _, points, _ in built)
    print(f"charts: {len(built)} drawings in {seconds} s, at most {most} in any second (bar 4)")
    print(f"  {drawn} points of a curve drawn of {num_points}, on {width} columns (bar {2 * width})")


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    first_paint(arguments.runs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.toml"
        text = (places.shipped_presets() / "digits.toml").read_text()
        path.write_text(text.replace("epochs = 10", "epochs = 100_000"))
        keys(arguments.presses, str(path))
        os.environ.update(NORMLAB_HOME=folder, OMP_NUM_THREADS="1")
        asyncio.run(charts(str(path), 15))


if __name__ == "__main__":
    main()
