"""normlab studies: list, show, report, extend and delete, without a training."""

import csv
import io
import json
import re
import subprocess
import sys

import pytest
from support.kept import keep

from normlab.cli.completion import complete_study
from normlab.engine.events import Measured
from normlab.lab.presets import Preset
from normlab.store.find import find_runs
from normlab.store.planning import keep_study
from normlab.store.store import open_store
from normlab.store.studies import find_studies

ARM = {"model.norm.kind": "batch"}
CLAIM = {
    "text": "Batch norm ends lower", "arm": "batch norm", "metric": "val_loss", "direction": "lower",
}  # fmt: skip
HOSTILE = "\x1b]0;x\x07 [red]title[/red]"


def preset(seeds=6, title="Norms", claims=(CLAIM,)):
    arms = [{"name": "batch norm", "set": ARM}]
    fields = {"title": title, "experiment": {"training": {"epochs": 3}}, "arms": arms}
    return Preset.model_validate({**fields, "study": {"seeds": seeds}, "claims": list(claims)})


def make(seeds, of=6, **fields):
    """Keep a study, and runs for so many of its seeds."""
    for seed in range(seeds):
        keep({"seed": seed})
        keep({"seed": seed, **ARM}, arm="batch norm")
    return keep_study(open_store(), preset(of, **fields), "cpu").id


def damage(study, text):
    open_store().write(lambda c: c.execute("UPDATE studies SET preset = ? WHERE id = ?", (text, study)))


def test_studies_are_listed_with_how_far_they_are_and_their_verdicts(say):
    study = make(6)
    half = make(0, of=9, title="Half", claims=[CLAIM, {**CLAIM, "metric": "train_loss"}])
    lines = say("studies", "list").out.splitlines()
    assert lines[0].split() == ["id", "title", "arms", "seeds", "runs", "verdicts", "begun"]
    assert lines[1].split()[:5] == [half, "Half", "2", "9", "12/18"]
    assert lines[2].split()[:6] == [study, "Norms", "2", "6", "12/12", "supported"]
    assert say("studies", "list", "--limit", "1").err == "1 more: --limit\n"


def test_a_list_is_json_and_csv_too(say):
    study = make(6)
    (record,) = json.loads(say("studies", "list", "--json").out)
    assert (record["id"], record["num_runs"], record["num_done"]) == (study, 12, 12)
    assert (record["verdicts"], record["looks"], record["problem"]) == (["supported"], [6], None)
    (row,) = csv.DictReader(io.StringIO(say("studies", "list", "--csv").out))
    assert (row["id"], row["verdicts"], row["seeds"]) == (study, "supported", "6")
    assert "exclude each other" in say("studies", "list", "--csv", "--json", code=2).err


def test_where_there_is_none_that_is_told(say):
    said = say("studies", "list")
    assert said.out == ""
    assert said.err.startswith("no study is kept yet: normlab --preset ")
    assert say("studies", "list", "--json").out == "[]\n"


@pytest.mark.parametrize("text", ["{", "[]", '{"title": "Later", "experiment": {"warp": 1}}'])
def test_a_study_that_can_not_be_read_is_told_in_a_line_and_spoils_no_list(say, text):
    good, bad = make(1), make(0, title="Other", claims=())
    damage(bad, text)
    out = say("studies", "list").out
    assert f"can't be read: study {bad}" in out
    assert any(line.startswith(good) for line in out.splitlines())
    for command in ("show", "report"):
        said = say("studies", command, bad, code=2)
        assert said.err.startswith(f"study {bad}")
        assert said.err.count("\n") == 1
    assert say("studies", "delete", bad, "--yes").out == f"{bad}\n"


def test_a_study_is_shown_as_it_ended_and_needs_no_torch(say, monkeypatch):
    study = make(6)
    monkeypatch.setitem(sys.modules, "torch", None)
    out = say("studies", "show", study[:3]).out
    assert out.startswith(f"study {study}: Norms: 12 of 12 runs (12 completed)\n")
    assert "supported  Batch norm ends lower\n  On digits, 6 seeds: " in out
    assert "val_loss by epoch" in out
    assert "medians over seeds, areas: their 95 % intervals" in out
    assert re.search(r"^ batch norm +val_accuracy +\+0\.1651 +6/6 *$", out, re.MULTILINE)
    assert (
        "mean ± half of its 95 % interval; metrics are those of the evaluation with the best val_loss" in out
    )
    places = [out.index(each) for each in ("by epoch", "mean ±", "exploratory", "supported  ", "caveats\n")]
    assert places == sorted(places), "what was asked for stands last"
    assert "caveats\n  - The best epoch is chosen on the same validation data" in out


def test_a_study_is_json_and_csv_too(say):
    study = make(6)
    shown = json.loads(say("studies", "show", study, "--json").out)
    assert shown["id"] == study
    assert [arm["arm"] for arm in shown["arms"]] == ["baseline", "batch norm"]
    assert shown["arms"][0]["measures"]["val_loss"]["mean"] > 0
    assert [verdict["verdict"] for verdict in shown["verdicts"]] == ["supported"]
    assert {row["measure"] for row in shown["differences"]} == {"val_accuracy"}
    assert len(shown["runs"]) == 12
    assert shown["preset"]["study"] == {"seeds": 6}
    rows = list(csv.DictReader(io.StringIO(say("studies", "show", study, "--csv").out)))
    assert [row["arm"] for row in rows] == ["baseline", "batch norm"]
    assert float(rows[0]["val_loss mean"]) == shown["arms"][0]["measures"]["val_loss"]["mean"]


def test_a_study_that_lacks_runs_decides_nothing(say):
    out = say("studies", "show", make(3)).out
    assert "undecided  Batch norm ends lower" in out
    assert "6 of 12 runs are still to be made" in out


def test_an_id_that_there_is_not_is_a_line(say):
    make(1)
    for arguments in (["show", "zzzz"], ["delete", "zzzz", "--yes"], ["extend", "zzzz", "--seeds", "7"]):
        assert say("studies", *arguments, code=2).err == "study: zzzz: is unknown; see normlab studies list\n"


@pytest.mark.parametrize(("to", "suffix"), [("html", "html"), ("markdown", "md")])
def test_a_report_is_written_once(say, tmp_path, monkeypatch, to, suffix):
    monkeypatch.chdir(tmp_path)
    study = make(6)
    written = say("studies", "report", study, "--to", to).out.strip()
    assert written == str(tmp_path / f"study-{study}.{suffix}")
    assert "Batch norm ends lower" in (tmp_path / f"study-{study}.{suffix}").read_text()
    refused = say("studies", "report", study, "--to", to, code=2).err
    assert refused.endswith("is there already; name another place with --out, or add --overwrite\n")
    say("studies", "report", study, "--to", to, "--overwrite")
    say("studies", "report", study, "--to", to, "--out", str(tmp_path / "mine"))
    assert (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--to", "htlm"], "--to: htlm: is no format of a report; did you mean html?\n"),
        (["--out", "-"], "--out: -: must be a file; name one, or leave it out\n"),
    ],
)
def test_a_report_refuses_what_it_can_not_write(say, arguments, line):
    assert say("studies", "report", make(1), *arguments, code=2).err == line


def test_a_deleted_study_is_hidden_and_its_runs_and_looks_are_kept(say):
    study = make(2)
    refused = say("studies", "delete", study, code=2).err
    assert "--yes: is needed where nobody can be asked" in refused
    assert "its runs and looks are kept, and asking for it again brings it back" in refused
    assert say("studies", "delete", study, "--yes").out == f"{study}\n"
    assert find_studies(open_store()) == []
    assert find_runs(open_store()).total == 4


def test_an_extension_runs_what_is_missing(say):
    study = make(6)
    said = say("studies", "extend", study, "--seeds", "7")
    assert "from 6 to 7 seeds: its one extension, a second look" in said.err
    assert "14 runs, 12 of them made" in said.err
    assert "14 of 14 runs" in said.out
    assert "7.5 %" in said.out
    assert say("studies", "list").out.splitlines()[1].split()[3:6] == ["6", "+", "1"]
    assert "a third look" in say("studies", "extend", study, "--seeds", "8", code=2).err
    assert "14 runs, all of them made" in say("studies", "extend", study, "--seeds", "7").err
    said = say("studies", "extend", study, "--seeds", "5", code=2)
    assert said.err == f"--seeds: 5: is fewer than the 7 seeds that study {study} has; ask for more\n"


def test_a_deleted_study_that_is_asked_for_again_is_back(say, claimed):
    arguments = ["--preset", claimed, "--no-ui", "--device", "cpu", "--seeds", "6"]
    say(*arguments, "--quiet")
    (study,) = find_studies(open_store())
    say("studies", "delete", study.id, "--yes")
    assert f"goes on with study {study.id}, which was deleted and is back\n" in say(*arguments).err
    say("studies", "delete", study.id, "--yes")
    assert f"extends study {study.id} from 6 to 7 seeds" in say(*arguments[:-1], "7").err


def test_weights_that_are_gone_end_an_extension(say):
    make(1)
    origin = f"{find_runs(open_store()).runs[0].id}:best"
    study = keep_study(open_store(), preset(1), "cpu", origin).id
    said = say("studies", "extend", study, "--seeds", "2", code=2)
    assert said.err.startswith(f"--from: {origin}: run {origin[:6]} has no best weights")


def test_words_of_strangers_are_harmless(say):
    study = make(2)
    damage(study, json.dumps({**json.loads(find_studies(open_store())[0].preset_json), "title": HOSTILE}))
    for arguments in (["list"], ["list", "--csv"], ["show", study], ["list", "--json"]):
        said = say("studies", *arguments, code=2 if "show" in arguments else 0)
        assert "\x1b" not in said.out + said.err
    assert "[red]title[/red]" in say("studies", "list").out
    assert all("\x1b" not in text for _, text in complete_study(""))


def test_names_with_markup_are_shown_as_they_are(say):
    make(0)
    claim = {**CLAIM, "text": "[bold]B[/bold] [/x]", "arm": "[red]x[/]"}
    fields = preset().model_dump() | {
        "arms": [{"name": "[red]x[/]", "set": ARM}], "claims": [claim], "title": "[/] all"
    }  # fmt: skip
    for seed in range(6):
        keep({"seed": seed})
        keep({"seed": seed, **ARM})
    study = keep_study(open_store(), Preset.model_validate(fields), "cpu").id
    out = say("studies", "show", study).out
    assert "supported  [bold]B[/bold] [/x]\n" in out
    assert " [red]x[/] " in out
    assert f"study {study}: [/] all: 12 of 12" in out


def test_ids_are_offered_latest_first_with_their_titles(say):
    first, second = make(0), make(0, of=7, title="More", claims=())
    assert complete_study("") == [(second, "More"), (first, "Norms")]
    assert complete_study(first) == [(first, "Norms")]
    damage(second, "{")
    assert complete_study("") == [(second, ""), (first, "Norms")]


def test_a_list_loads_no_torch_and_without_verdicts_no_scipy():
    make(3)
    open_store().close()
    code = (
        "import sys\n"
        "from normlab.__main__ import main\n"
        "sys.argv = ['normlab', 'studies', 'list']\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'scipy', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_runs_of_a_study_are_read_once_for_a_list(say, monkeypatch):
    make(6)
    count = 0
    build = Measured.model_construct

    def counted(*values, **fields):
        nonlocal count
        count += 1
        return build(*values, **fields)

    monkeypatch.setattr(Measured, "model_construct", counted)
    say("studies", "list")
    assert count == 36
