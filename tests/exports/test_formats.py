import dataclasses
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from normlab.exports import formats
from normlab.exports.formats import FORMATS, ExportError, Format, default_target, export

# Those that can be tried in a moment.
QUICK = ["csv", "parquet", "json", "markdown", "html", "png", "svg", "tensorboard", "safetensors"]


def skip_without(format):
    if FORMATS[format].missing:
        pytest.skip(f"needs normlab[{FORMATS[format].extra}]")


@pytest.mark.parametrize("format", [*QUICK, pytest.param("onnx", marks=pytest.mark.slow)])
def test_an_export_stands_where_it_was_sent(tmp_path, pair, format):
    skip_without(format)
    target = tmp_path / "deep" / "er" / default_target(pair, format)
    paths = export(pair, format, target)
    assert paths
    assert all(path.exists() and path.is_relative_to(target) for path in paths)
    # Nothing of the making is left behind.
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("format", [*QUICK, pytest.param("wandb", marks=pytest.mark.slow)])
def test_what_is_there_is_replaced_only_when_told(tmp_path, pair, format):
    skip_without(format)
    target = tmp_path / default_target(pair, format)
    paths = export(pair, format, target)
    with pytest.raises(ExportError, match="is there already"):
        export(pair, format, target)
    assert export(pair, format, target, overwrite=True) == paths
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_folder_keeps_what_others_put_there(tmp_path, pair):
    skip_without("tensorboard")
    (tmp_path / "mine").write_text("mine")
    export(pair[:1], "tensorboard", tmp_path)
    export(pair[1:], "tensorboard", tmp_path)
    export(pair, "tensorboard", tmp_path, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aaa111", "bbb222", "mine"]


def test_several_runs_in_a_format_of_one_are_named_by_their_ids(tmp_path, pair):
    paths = export(pair, "safetensors", tmp_path / "models")
    assert [path.name for path in paths] == ["aaa111", "bbb222"]
    assert (paths[0] / "model.safetensors").exists()
    assert [path.name for path in export(pair[:1], "safetensors", tmp_path / "model")] == [
        "README.md", "experiment.toml", "model.safetensors",
    ]  # fmt: skip


@pytest.mark.slow
def test_several_programs_are_files_in_a_folder(tmp_path, pair):
    paths = export(pair, "torch_export", tmp_path / "programs")
    assert [path.name for path in paths] == ["aaa111.pt2", "bbb222.pt2"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_export_that_fails_leaves_all_as_it_was(tmp_path, pair, monkeypatch, kind):
    def fail(exhibits, folder=None):
        if folder:
            (folder / "half").write_text("half")
        raise OSError(28, "No space left on device")

    broken = Format("broken", ".x", fail) if kind == "file" else Format("broken", fill=fail)
    monkeypatch.setitem(FORMATS, "broken", broken)
    target = tmp_path / "target"
    if kind == "file":
        target.write_text("old")
    with pytest.raises(ExportError, match="can't be written: No space left on device"):
        export(pair, "broken", target, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == (["target"] if kind == "file" else [])
    assert kind == "folder" or target.read_text() == "old"


def test_a_folder_on_another_disk_is_exported_to(tmp_path, pair):
    disk = Path("/dev/shm")
    if not os.access(disk, os.W_OK) or disk.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    with TemporaryDirectory(dir=disk) as elsewhere:
        target = tmp_path / "link"
        target.symlink_to(elsewhere)
        paths = export(pair, "safetensors", target)
        assert export(pair, "safetensors", target, overwrite=True) == paths
        assert sorted(path.name for path in Path(elsewhere).iterdir()) == ["aaa111", "bbb222"]


def test_what_was_there_comes_back_where_the_new_cannot_be_placed(tmp_path, pair, monkeypatch):
    def fill(exhibits, folder):
        for name in ("a", "b"):
            folder.joinpath(name).mkdir()
            folder.joinpath(name, "new").touch()

    def rename(self, target, _rename=Path.rename):
        if self.parent.name == "new" and self.name == "b":
            raise OSError(18, "Invalid cross-device link")
        return _rename(self, target)

    monkeypatch.setitem(FORMATS, "odd", Format("odd", fill=fill))
    for name in ("a", "b"):
        tmp_path.joinpath(name).mkdir()
        tmp_path.joinpath(name, "old").touch()
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(ExportError, match="cross-device"):
        export(pair, "odd", tmp_path, overwrite=True)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert found == ["a", "a/old", "b", "b/old"]


def test_errors_of_other_libraries_are_one_line(tmp_path, pair, monkeypatch):
    def fail(exhibits):
        raise RuntimeError("disk is full\x1b\nDetails: many")

    monkeypatch.setitem(FORMATS, "odd", Format("odd", ".x", fail))
    with pytest.raises(ExportError) as raised:
        export(pair, "odd", tmp_path / "x")
    told = (
        f"{tmp_path / 'x'}: can't be written as odd: disk is full⟨U+001B⟩; free space, or name another place"
    )
    assert str(raised.value) == told


def test_somebodys_part_file_stays(tmp_path, pair):
    part = tmp_path / "x.csv.part"
    part.write_text("mine")
    export(pair, "csv", tmp_path / "x.csv")
    assert part.read_text() == "mine"


def test_a_link_that_leads_nowhere_is_replaced_only_when_told(tmp_path, pair):
    link = tmp_path / "x.csv"
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(ExportError, match="is there already"):
        export(pair, "csv", link)
    assert link.is_symlink()


def test_exports_at_once_are_what_they_are_alone(tmp_path, pair, scripted):
    skip_without("svg")
    sets = [pair, pair[:1], [scripted([1.0, 0.5])], pair[1:]]
    alone = [export(runs, "svg", tmp_path / f"alone{i}.svg")[0].read_bytes() for i, runs in enumerate(sets)]
    with ThreadPoolExecutor(len(sets)) as pool:
        made = pool.map(
            lambda i: export(sets[i], "svg", tmp_path / f"{i}.svg")[0].read_bytes(), range(len(sets))
        )
        assert [*made] == alone


@pytest.mark.slow
@pytest.mark.parametrize("format", ["tensorboard", "mlflow", "wandb", "safetensors", "png"])
def test_a_full_disk_is_told(tmp_path, scripted, train, format, capfd):
    skip_without(format)
    resource = pytest.importorskip("resource")
    losses = [1 / (1 + epoch) for epoch in range(3000)]
    exhibit = train("big", {"model.hidden": [256, 256]}) if format == "safetensors" else scripted(losses)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # the nearest to a full disk
    try:
        with pytest.raises(ExportError, match="can't be written"):
            export([exhibit], format, tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not any(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_mlflow_takes_any_path(tmp_path, scripted):
    skip_without("mlflow")
    target = tmp_path / "what? 100%25 #a"
    export([scripted([1.0])], "mlflow", target)
    assert (target / "mlflow.db").stat().st_size > 10_000
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_missing_extra_is_told_in_one_line(tmp_path, pair, monkeypatch):
    missing = dataclasses.replace(FORMATS["onnx"], packages=("no_such_package",))
    monkeypatch.setitem(FORMATS, "onnx", missing)
    with pytest.raises(ExportError) as raised:
        export(pair, "onnx", tmp_path / "x")
    told = "--to: onnx: needs packages that aren't installed; pip install 'normlab[onnx]'"
    assert str(raised.value) == told


@pytest.mark.parametrize(
    ("format", "target", "told"),
    [
        ("exel", "x", "--to: exel: is no format"),
        ("csv", "folder", "is a folder; name a file in it"),
        ("safetensors", "file", "is no folder; name another place"),
        ("csv", "file/x.csv", "can't be written: "),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path, pair, format, target, told):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    with pytest.raises(ExportError, match=told):
        export(pair, format, tmp_path / target, overwrite=True)
    assert (tmp_path / "file").read_text() == "old"


def test_an_id_is_no_path(tmp_path, scripted):
    with pytest.raises(ExportError, match="can't name a file"):
        export([scripted([1.0], "../../evil")], "csv", tmp_path / "x.csv")


def test_no_run_is_no_export(tmp_path):
    with pytest.raises(ExportError, match="has no run to write"):
        export([], "csv", tmp_path / "x.csv")


def test_listing_formats_imports_nothing_heavy():
    code = "import sys, normlab.exports.formats; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "matplotlib", "pyarrow", "mlflow", "wandb", "tensorboard", "onnx", "sklearn", "scipy"}
    assert not heavy & {*done.stdout.split()}


def test_every_format_makes_either_a_file_or_a_folder():
    for name, format in formats.FORMATS.items():
        assert (format.render is None) != (format.fill is None), name
        assert bool(format.suffix) == (format.render is not None), name
        assert bool(format.extra) == bool(format.packages), name
