"""The lab in a terminal of its own: what it shows there, how it leaves it, and what signals do."""

import codecs
import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

import fcntl
import pty
import struct
import termios

# Gives the new process the terminal as its own, so that closing it hangs the process up.
LAUNCH = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
LAB = (sys.executable, "-m", "normlab")
MODES = ("?1049", "?1000", "?1002", "?1003", "?1006", "?1015", "?1004", "?2004")
"""Alternate screen, the mouse, focus, bracketed paste."""
PIECE = re.compile(r"\x1b\[([?>=<]?[0-9;]*)[ $]?([@-~])|\x1b\][^\x07]*\x07|\x1b[^\[\]]|[\r\n]|[^\x1b\r\n]+")
PIECE_OF_CONTROL = re.compile(r"\x1b\[[?>=<]?[0-9;]*[ $]?[@-~]|\x1b\][^\x07]*\x07")
UNENDED = re.compile(r"\x1b(\[[?>=<]?[0-9;]*[ $]?|\][^\x07]*)?$")


READY = "‹ none ›"
"""Stands on the screen once the focus is where it begins: on the norm."""


class Terminal:
    """A terminal with a program on it: keys go in, and what is written becomes a screen to read."""

    def __init__(self, command, columns=80, rows=24):
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.written = ""
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._row = self._column = 0
        self._rest = ""
        environment = {**os.environ, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "TEXTUAL"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-ISc", LAUNCH, *command],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, env=environment,
        )  # fmt: skip

    def resize(self, columns, rows):
        """Make it another size; the program hears of it."""
        self.columns, self.rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def screen(self):
        """What stands on it now, line by line."""
        return "\n".join("".join(line).rstrip() for line in self._cells)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def read(self, seconds):
        """Take in what is written within a time, less of it where the program has ended."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ended = self.process.poll() is not None
            if select.select([self.master], [], [], 0 if ended else min(left, 0.05))[0]:
                self._take(self._decode(os.read(self.master, 65536)))
            elif ended:
                return

    def wait(self, condition, seconds=60):
        """Take in what is written until a text, or what a function looks for, is on the screen."""
        seen = condition if callable(condition) else lambda: condition in self.screen
        until = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < until, f"{condition} never came:\n{self.screen}"
            assert self.process.poll() is None, f"it ended: {self.process.returncode}\n{self.written[-3000:]}"
            self.read(0.05)

    def wait_gone(self, text):
        """Take in what is written until a text has left the screen."""
        self.wait(lambda: text not in self.screen)

    def ends(self, seconds=30):
        """Wait for the program's end; give its exit code, negative where a signal has killed it."""
        until = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < until, f"it didn't end:\n{self.screen}"
            self.read(0.05)
        self.read(1)
        return self.process.returncode

    def close(self):
        """Go away, as when its window is closed."""
        if self.master >= 0:
            os.close(self.master)
            os.close(self.slave)
            self.master = -1

    @property
    def after_the_lab(self):
        """What was written once the alternate screen had been left."""
        return self.written[self.written.rfind("\x1b[?1049l") :]

    def assert_restored(self):
        """Claim that the terminal is as it was before."""
        assert termios.tcgetattr(self.slave) == self.before
        assert self.written.count("\x1b[?1049h") == 1
        for mode in MODES:
            assert self.written.rfind(f"\x1b[{mode}h") <= self.written.rfind(f"\x1b[{mode}l"), mode
        assert self.written.rfind("\x1b[?25l") < self.written.rfind("\x1b[?25h"), "the cursor is shown"
        assert self.written.rfind("\x1b[?7l") < self.written.rfind("\x1b[?7h"), "lines wrap"
        assert self.written.count("\x1b[>25u") == self.written.count("\x1b[<u"), "Kitty's keys are off"

    def _take(self, text):
        self.written += text
        text = self._rest + text
        unended = UNENDED.search(text)
        self._rest = unended[0] if unended else ""
        for piece in PIECE.finditer(text.removesuffix(self._rest)):
            values, command = piece[1], piece[2]
            if command == "H":
                row, column = (int(value or 1) for value in (values or "1;1").split(";"))
                self._row, self._column = row - 1, column - 1
            elif command == "J" or (command == "h" and values == "?1049"):
                self._cells = [[" "] * self.columns for _ in range(self.rows)]
            elif piece[0] == "\r":
                self._column = 0
            elif piece[0] == "\n":
                self._row += 1
            elif piece[0][0] != "\x1b":
                for char in piece[0]:
                    if self._row < self.rows and self._column < self.columns:
                        self._cells[self._row][self._column] = char
                    self._column += 1


@contextmanager
def terminal(*arguments, command=LAB, **size):
    """Run a command on a terminal; whatever happens, it is ended with it."""
    shown = Terminal([*command, *arguments], **size)
    try:
        yield shown
    finally:
        if shown.process.poll() is None:
            shown.process.kill()
        shown.process.wait(timeout=20)
        shown.close()


@pytest.fixture
def long(tmp_path):
    """Make a preset that trains for a while, or for ever as far as a test can tell."""

    def write(epochs=100_000, text=""):
        path = tmp_path / "long.toml"
        path.write_text(f"""
            title = "Long"
            {text}
            [experiment.dataset]
            kind = "circles"
            samples = 120
            [experiment.model]
            kind = "mlp"
            hidden = [8]
            [experiment.training]
            epochs = {epochs}
        """)
        return str(path)

    return write


@pytest.fixture
def saved(tmp_path):
    """Name the files in the folders of the runs."""
    return lambda: sorted(path.name for path in tmp_path.glob("home/runs/*/*"))


def show_runs(shown):
    """Go to the list of runs."""
    shown.wait(READY)
    shown.press("t")
    shown.wait("Show/hide")


def train(shown):
    """Start what the form says, and wait until it trains."""
    show_runs(shown)
    shown.press("r")
    shown.wait("running", 120)
    shown.wait(lambda: re.search(r"epoch [1-9]", shown.screen))


@pytest.mark.slow
def test_digits_trains_by_one_key_and_the_terminal_is_left_as_it_was(saved):
    with terminal("--preset", "digits") as shown:
        show_runs(shown)
        shown.press("r")
        shown.wait("completed", 120)
        assert not [line for line in shown.screen.split("\n") if len(line) > 80]
        shown.press("q")
        assert shown.ends() == 0
        shown.assert_restored()
        assert re.sub(PIECE_OF_CONTROL, "", shown.after_the_lab) == "", "nothing is said"
    assert saved() == [
        "best.safetensors",
        "experiment.toml",
        "last.safetensors",
        "run.jsonl",
        "state.safetensors",
    ]


@pytest.mark.slow
def test_a_killed_lab_s_run_is_interrupted_at_the_next_start_and_goes_on_under_its_id(long, tmp_path):
    with terminal("--preset", long(epochs=2000)) as shown:
        train(shown)
        shown.process.kill()
        assert shown.ends() == -signal.SIGKILL
    (folder,) = tmp_path.glob("home/runs/*")
    with terminal("--preset", long()) as shown:
        shown.wait(READY)
        shown.press("k")
        shown.wait("interrupted", 10)
        assert folder.name in shown.screen
        shown.press("u")
        shown.wait("running", 60)
        shown.wait("completed", 120)
        assert "1–1 of 1" in shown.screen
        shown.press("q")
        assert shown.ends() == 0
        shown.assert_restored()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_saves_restores_and_tells_by_the_exit_code(long, saved, name):
    number = getattr(signal, name)
    with terminal("--preset", long()) as shown:
        train(shown)
        shown.process.send_signal(number)
        assert shown.ends(20) == 128 + number
        shown.assert_restored()
    assert "last.safetensors" in saved()


@pytest.mark.slow
def test_a_terminal_that_goes_away_ends_the_lab_with_the_weights_saved(long, saved):
    with terminal("--preset", long()) as shown:
        train(shown)
        shown.close()
        assert shown.process.wait(timeout=20) == 128 + signal.SIGHUP
    assert "last.safetensors" in saved()


@pytest.mark.slow
def test_quitting_while_it_trains_asks_and_escape_goes_on(long, saved):
    with terminal("--preset", long()) as shown:
        train(shown)
        shown.press("q")
        shown.wait("and quit?")
        shown.press("\x1b")
        shown.wait_gone("and quit?")
        before = epoch_of(shown)
        shown.wait(lambda: epoch_of(shown) > before)
        shown.press("q")
        shown.wait("and quit?")
        shown.press("y")
        assert shown.ends() == 0
        shown.assert_restored()
    assert "last.safetensors" in saved()


def epoch_of(shown):
    """Read the epoch off the screen, 0 where none stands there."""
    found = re.search(r"epoch ([\d,]+)/", shown.screen)
    return int(found[1].replace(",", "")) if found else 0


@pytest.mark.slow
def test_control_c_twice_leaves_while_it_trains(long, saved):
    with terminal("--preset", long()) as shown:
        train(shown)
        shown.press("\x03")
        shown.wait("and quit?")
        shown.press("\x03")
        assert shown.ends() == 0
        shown.assert_restored()
    assert "last.safetensors" in saved()


def test_control_c_leaves_where_nothing_trains():
    with terminal("--preset", "digits") as shown:
        shown.wait(READY)
        shown.press("\x03")
        assert shown.ends() == 0
        shown.assert_restored()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(79, 24), (80, 21), (20, 5)])
def test_a_terminal_grown_too_small_says_so_and_goes_on_training(long, saved, size):
    with terminal("--preset", long(epochs=4000)) as shown:
        train(shown)
        shown.resize(*size)
        shown.wait("too small", 20)
        shown.wait(lambda: "last.safetensors" in saved())
        assert "too small" in shown.screen
        assert "Runs" not in shown.screen
        shown.resize(80, 24)
        shown.wait("completed")
        assert "too small" not in shown.screen
        shown.press("q")
        assert shown.ends() == 0


PAYLOADS = ("\x1b]0;pwned\x07", "\x1b[31m", "\u202e", "\x9b31m")
LITERAL = "[@click=app.quit]go[/] [red]x[/red] [/]"


def assert_harmless(shown):
    """Claim that nothing hostile was written to the terminal."""
    for payload in PAYLOADS:
        assert payload not in shown.written, f"{payload!r} was written"
    titles = set(re.findall(r"\x1b\][^\x07\x1b]*", shown.written))
    assert titles <= {"\x1b]22;default", "\x1b]22;pointer", "\x1b]22;text"}, titles


def in_toml(text):
    """Write a text as a TOML string."""
    escaped = (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) > 126 or c in '"\\' else c for c in text)
    return '"' + "".join(escaped) + '"'


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("where", ["title", "about", "arm", "source"])
def test_a_preset_with_hidden_characters_is_refused_before_the_lab_opens(long, payload, where):
    hostile = in_toml(f"a{payload}b")
    text = (
        f'[[arms]]\nname = {hostile}\nset = {{ "seed" = 1 }}\n' if where == "arm" else f"{where} = {hostile}"
    )
    path = long(text=text)
    if where == "title":
        Path(path).write_text(Path(path).read_text().replace('title = "Long"', ""))
    with terminal("--preset", path) as shown:
        assert shown.ends(60) == 2
        assert "\x1b[?1049h" not in shown.written
        assert "U+" in shown.written
        assert_harmless(shown)


@pytest.mark.slow
def test_brackets_appear_as_they_are_on_every_screen(long, tmp_path):
    own = tmp_path / "home" / "presets" / "own.toml"
    own.parent.mkdir(parents=True)
    about = f"about = {in_toml(f'About {LITERAL}')}"
    arm = f'[[arms]]\nname = {in_toml(LITERAL)}\nset = {{ "model.norm.kind" = "batch" }}\n'
    own.write_text(Path(long(epochs=3, text=about)).read_text().replace('"Long"', in_toml(LITERAL)) + arm)
    with terminal("--preset", "own", columns=140, rows=40) as shown:
        shown.wait(READY)
        shown.press("p")
        shown.wait(f"About {LITERAL}")
        assert f"│  {LITERAL}" in shown.screen, "the title"
        assert f"│  {LITERAL[:20]}" in shown.screen, "the arm"
        assert f"own                {LITERAL[:20]}" in shown.screen, "the row"
        shown.press("a")
        shown.wait(lambda: len(re.findall(r"completed +3 ", shown.screen)) == 2, 120)
        assert shown.screen.count(LITERAL[:16]) >= 2, "in the list of runs, and in the legend"
        show_runs(shown)
        shown.press("\x1b[B")
        shown.read(0.3)
        shown.press("i")
        shown.wait("folder:")
        assert LITERAL in shown.screen
        shown.press("\x1b")
        shown.wait_gone("folder:")
        shown.press("D")
        shown.wait("Drop “[@click=app.quit]go")
        shown.press("\x1b")
        shown.wait_gone("Drop “")
        shown.press("c")
        shown.wait("val_loss")
        assert LITERAL[:10] in shown.screen
        shown.press("q")
        assert shown.ends() == 0
        assert_harmless(shown)
        shown.assert_restored()


HOSTILE = "evil\x1b]0;pwned\x07\x1b[31m\u202e\x9b31mname"
"""A file may be called so."""
PASTED = "evil\x07\u202e\x9b31mname"
"""Terminals take ESC out of what is pasted; the rest comes through."""


def paste(shown, text):
    """Paste into what has the focus, and let it be shown."""
    shown.press(f"\x1b[200~{text}\x1b[201~")
    shown.wait("name")
    shown.read(0.3)


@pytest.mark.slow
def test_the_names_of_files_are_shown_harmlessly(long, tmp_path):
    presets = tmp_path / "home" / "presets"
    presets.mkdir(parents=True)
    (presets / f"{HOSTILE}.toml").write_text(Path(long()).read_text())
    (presets / f"broken{HOSTILE}.toml").write_text(f"title = {in_toml(HOSTILE)}\n[experiment]\n")
    with terminal("--preset", long(), columns=140, rows=40) as shown:
        shown.wait(READY)
        shown.press("p")
        shown.wait("! broken")
        shown.wait("This file is broken")
        shown.press("\x1b[B")
        shown.wait("Trains")
        shown.press("D")
        shown.wait("Delete your preset")
        shown.press("\x1b")
        shown.wait_gone("Delete your preset")
        shown.press("\r")  # loads it: the settings remember its name
        shown.wait("samples             120")
        shown.press("q")
        assert shown.ends() == 0
        assert_harmless(shown)
    with terminal(columns=140, rows=40) as shown:
        shown.wait(READY)
        shown.read(0.5)
        shown.press("q")
        assert shown.ends() == 0
        assert_harmless(shown)


@pytest.mark.slow
def test_what_is_pasted_is_shown_harmlessly(long):
    with terminal("--preset", long(epochs=3)) as shown:
        # A run's name.
        show_runs(shown)
        shown.press("r")
        shown.wait("completed", 120)
        shown.press("e")
        shown.wait("Name of this run")
        paste(shown, PASTED)
        shown.press("\r")
        shown.wait_gone("Name of this run")
        # Filters: of settings, of commands, of presets, of help.
        shown.press("f")
        shown.wait("Find")
        shown.press("/")
        shown.wait("Go to a setting")
        paste(shown, PASTED)
        shown.press("\x1b")
        shown.wait_gone("Go to a setting")
        shown.press("\x10")
        shown.wait("Search for commands")
        paste(shown, PASTED)
        shown.wait("No matches found")
        shown.press("\x1b")
        shown.wait_gone("No matches found")
        for key, there in (("p", "Shipped presets"), ("?", "Keys")):
            shown.press(key)
            shown.wait(there)
            shown.press("/")
            shown.read(0.3)
            paste(shown, PASTED)
            shown.press("\x1b")
            shown.wait_gone("evil")
        shown.press("q")
        assert shown.ends() == 0
        assert_harmless(shown)
        shown.assert_restored()


@pytest.mark.slow
def test_a_data_set_whose_folder_has_a_hostile_name_is_told_harmlessly(long, tmp_path):
    folder = tmp_path / HOSTILE
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    with terminal("--preset", long(epochs=3)) as shown:
        shown.wait(READY)
        shown.press("\x1b[H")
        shown.wait("‹ circles")
        shown.press("\r")
        shown.wait("Type to filter")
        shown.press("file\r")
        shown.wait("‹ file")
        shown.press("\x1b[B")
        shown.wait(".parquet or .npz file;")
        shown.press("\r")
        shown.read(0.5)
        paste(shown, f"{tmp_path}/link/../{PASTED}/name.csv")
        shown.press("\r")
        shown.wait("✗")
        shown.press("r")
        shown.wait("can't run")
        shown.read(0.5)
        shown.press("\x03")
        assert shown.ends() == 0
        assert_harmless(shown)


def test_without_a_terminal_it_names_no_ui_and_exits_2():
    done = subprocess.run(
        [*LAB, "--preset", "digits"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().split("\n")) == 1
    assert "--no-ui" in done.stderr


def test_with_its_output_piped_it_names_no_ui_and_exits_2():
    ours, theirs = pty.openpty()
    done = subprocess.run([*LAB], stdin=theirs, capture_output=True, text=True, timeout=60)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert "--no-ui" in done.stderr


FAULTY = """
import sys
from normlab.tui.screens.lab import LabScreen
{fault}
sys.argv = ["normlab", "--preset", "digits"]
from normlab.__main__ import main
main()
"""
FAULTS = {
    "while a screen is made": "def fail(self): raise RuntimeError('out of order')\nLabScreen.compose = fail",
    "while a key is handled": "def fail(self, name): raise RuntimeError('out of order')\nLabScreen.action_pane = fail",
}


@pytest.mark.parametrize("when", FAULTS)
def test_an_unhandled_error_exits_non_zero_with_the_terminal_restored(when):
    with terminal("-c", FAULTY.format(fault=FAULTS[when]), command=(sys.executable,)) as shown:
        if when == "while a key is handled":
            shown.wait(READY)
            shown.press("g")
        assert shown.ends(60) == 1
        shown.assert_restored()
        assert "out of order" in shown.after_the_lab
