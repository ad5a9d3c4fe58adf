"""A run that fails is a row that says so; the others go on."""

import pytest

from normlab.cli.headless import How, run_plan
from normlab.cli.plan import plan, read_setting
from normlab.core.errors import ConfigError, DataError, Problem
from normlab.engine import data


def spoil(monkeypatch, error, arm):
    """Let the data of one arm's runs raise."""
    read = data.read

    def spoiled(experiment, *rest):
        if (experiment.model.norm.kind == "batch") == (arm == "batch norm"):
            raise error
        return read(experiment, *rest)

    monkeypatch.setattr(data, "read", spoiled)


def outcomes(out):
    return next(line for line in out.splitlines() if line.startswith(" outcome")).split()[1:]


def test_data_that_fails_later_ends_its_run_only(plain, monkeypatch, capsys):
    spoil(monkeypatch, DataError(Problem("x.csv", "is damaged", "mend it")), "batch norm")
    assert run_plan(plan(plain, [], None, None), How("cpu"), "full") == 2
    out, err = capsys.readouterr()
    assert "x.csv: is damaged; mend it" in err
    assert "Traceback" not in err
    assert outcomes(out) == ["completed", "failed"]


def test_memory_that_runs_out_in_preparation_is_an_outcome_and_code_1(plain, monkeypatch, capsys):
    spoil(monkeypatch, MemoryError(), "baseline")
    assert run_plan(plan(plain, [], None, None), How("cpu"), "full") == 1
    assert outcomes(capsys.readouterr().out) == ["oom", "completed"]


def test_a_bug_in_one_run_is_told_with_its_trace_and_the_others_go_on(plain, monkeypatch, capsys):
    spoil(monkeypatch, AttributeError("a bug"), "baseline")
    assert run_plan(plan(plain, [], None, None), How("cpu"), "quiet") == 1
    out, err = capsys.readouterr()
    assert "Traceback" in err
    assert "a bug" in err
    assert outcomes(out) == ["failed", "completed"]


def test_warnings_are_told_once(plain, capsys):
    assert run_plan(plan(plain, ["model.norm.kind=batch"], None, None), How("cpu"), "full") == 0
    assert capsys.readouterr().err.count("model.bias") == 1


def test_arms_that_are_the_same_are_told(plain, capsys):
    assert run_plan(plan(plain, ["model.norm.kind=batch"], None, None), How("cpu"), "quiet") == 0
    line = "arms[0]: batch norm: is the same as baseline; change a setting that differs"
    assert line in capsys.readouterr().err


def test_settings_too_long_are_refused_not_cut():
    with pytest.raises(ConfigError, match="must be PATH=VALUE"):
        read_setting("model.hidden=[" + "1," * 6000 + "1]")
