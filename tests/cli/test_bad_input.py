"""Bad input: exit code 2 and one clear line, before anything is loaded that takes long."""

import sys
from pathlib import Path

import pytest

from normlab.__main__ import main
from normlab.lab.presets import load_preset


def fails(capsys, monkeypatch, *arguments):
    """Run the command line in this process; give its lines on stderr. It must exit with 2."""
    monkeypatch.setattr(sys, "argv", ["normlab", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    streams = capsys.readouterr()
    assert caught.value.code == 2
    assert streams.out == ""
    assert "Traceback" not in streams.err
    return streams.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--preset", "digitz", "--no-ui"], "preset: digitz: is unknown; did you mean digits?\n"),
        (["--no-ui"], "--no-ui: needs a preset to run; add --preset digits, or one of: normlab presets list\n"),
        (["--preset", "digits"], "normlab: needs a terminal"),
        ([], "normlab: needs a terminal"),
        (["--preset", "digits", "--json"], "--json: is for runs without the screen; add --no-ui\n"),
        (["--preset", "digits", "--no-ui", "--set", "model.norm.kind"], "--set: model.norm.kind: must be PATH=VALUE"),
        (["--preset", "digits", "--no-ui", "--set", "modl=1"], "modl: is no setting here; did you mean model?\n"),
        (
            ["--preset", "digits", "--no-ui", "--set", "model.norm.kind=gruop"],
            "model.norm.kind: gruop: is no norm; did you mean group?\n",
        ),
        (
            ["--preset", "digits", "--no-ui", "--set", "model.kind=plain", "--set", "model.depth=1000000000"],
            "model.depth: 1000000000: must be a whole number from 1 to 10000\n",
        ),
        (
            ["--preset", "digits", "--no-ui", "--set", 'model.hidden="9999x99999"'],
            "model: mlp: would need about ",
        ),
        (
            ["--preset", "digits", "--no-ui", "--set", "dataset.kind=noisy_line"],
            'loss.kind: cross_entropy: ',
        ),
        (
            ["--preset", "digits", "--no-ui", "--set", "dataset.kind=file", "--set", "dataset.path=gone.csv",
             "--set", "dataset.target=y"],
            f"{Path.cwd() / 'gone.csv'}: is no file; check dataset.path",
        ),
        (["--preset", "digits", "--no-ui", "--device", "gpu"], "device: gpu: is unknown; use auto, cpu"),
        (["presets", "show", "../secrets"], "../secrets: can't be read: "),
        (["presets", "check", "gone.toml"], "gone.toml: can't be read: No such file or directory"),
    ],
)  # fmt: skip
def test_each_fault_is_one_line_and_code_2(capsys, monkeypatch, arguments, line):
    err = fails(capsys, monkeypatch, *arguments)
    assert err.startswith(line)
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--nope"], ["presets", "nope"], ["--seed", "x"], ["--seeds", "0"]])
def test_wrong_usage_is_code_2(capsys, monkeypatch, arguments):
    assert "Error" in fails(capsys, monkeypatch, *arguments)


def test_a_refusal_costs_no_torch(normlab):
    code = (
        "import sys\n"
        "from normlab.__main__ import main\n"
        "sys.argv = ['normlab', '--preset', 'digits', '--no-ui', '--set', 'model.norm.groups=3']\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert end.code == 2\n"
        "assert 'torch' not in sys.modules\n"
    )
    import subprocess

    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    "text", ["a" + ".a" * 20_000 + " = 1", "x = " + "[" * 20_000, 'title = "\\u001b[2J"', "[[[", "\x00"]
)
def test_hostile_presets_are_refused_harmlessly(capsys, monkeypatch, tmp_path, text):
    path = tmp_path / "evil\x1b[31m.toml"
    path.write_text(text)
    err = fails(capsys, monkeypatch, "--preset", str(path), "--no-ui")
    assert "\x1b" not in err
    err = fails(capsys, monkeypatch, "presets", "check", str(path))
    assert "\x1b" not in err


def test_a_home_that_is_a_file_does_not_stop_the_shipped_presets(monkeypatch, tmp_path):
    blocked = tmp_path / "home"
    blocked.write_text("")
    monkeypatch.setenv("NORMLAB_HOME", str(blocked))
    assert load_preset("digits").title


def test_a_check_names_the_file_once_whatever_is_wrong(capsys, monkeypatch, tmp_path):
    path = tmp_path / "arms.toml"  # called like the first word of an error, on purpose
    text = 'title = "x"\n[experiment.dataset]\nkind = "digits"\n[[arms]]\nname = "a"\n'
    for setting in ('"model.norm.knd" = 1', '"loss.kind" = "mse"'):
        path.write_text(f"{text}set = {{ {setting} }}\n")
        assert fails(capsys, monkeypatch, "presets", "check", str(path)).count("arms.toml") == 1
