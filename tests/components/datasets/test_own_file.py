"""A user's own table, in the three types of file."""

import contextlib
import io
import os
import pickle
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from normlab.components.datasets import Dataset, _faults
from normlab.core.choice import member, members
from normlab.core.errors import DataError
from normlab.core.parsing import parse

CSV = "width,height,old,kind\n1,2.5,true,b\n3,4.5,false,a\n5,6,true,b\n"


def write(path: Path, content: object) -> str:
    match path.suffix, content:
        case ".npz", dict():
            np.savez(path, **content)
        case ".parquet", dict() | pa.Table():
            parquet.write_table(content if isinstance(content, pa.Table) else pa.table(content), path)
        case _:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_a_csv_gives_its_columns_and_sorted_classes(tmp_path, read):
    path = write(tmp_path / "a.csv", CSV)
    samples = read(member(Dataset, "file", path=path))
    assert samples.x.tolist() == [[1, 2.5, 1], [3, 4.5, 0], [5, 6, 1]]
    assert samples.y.tolist() == [1, 0, 1]
    values = read(member(Dataset, "file", path=path, target="height", ignore=("kind", "old")))
    assert (values.x.tolist(), values.y.tolist()) == ([[1], [3], [5]], [[2.5], [4.5], [6]])


@pytest.mark.parametrize(
    ("target", "task", "num_classes"),
    [
        (["b", "a", "b"], "auto", 2),
        ([True, False, False], "auto", 2),
        ([7, -7, 9], "auto", 3),
        ([7, -7, 9], "regression", 0),
        ([0.5, 1.0, 2.0], "auto", 0),
        ([0.5, 1.0, 1.0], "classification", 2),
        (pa.array(["b", "a", "b"]).dictionary_encode(), "auto", 2),
        (pa.array([1, 2, 3], pa.decimal128(5, 2)), "auto", 0),
    ],
)
def test_the_target_s_type_tells_classes_from_values(target, task, num_classes, tmp_path, read):
    path = write(tmp_path / "a.parquet", {"x": [1, 2, 3], "y": target})
    part = member(Dataset, "file", path=path, task=task)
    assert part.outline(Path()).num_classes == num_classes
    read(part)


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 8, 8), (4, 3, 8, 8)])
def test_an_npz_gives_vectors_and_images(shape, tmp_path, read):
    x = np.arange(np.prod(shape), dtype="uint8").reshape(shape)
    path = write(tmp_path / "a.npz", {"images": x, "y": np.array([[3], [1], [1], [3]])})
    samples = read(member(Dataset, "file", path=path, features="images"))
    assert samples.x.shape[1:] == {1: (1,), 2: (3,), 3: (1, 8, 8), 4: (3, 8, 8)}[len(shape)]
    assert samples.x.ravel().tolist() == x.ravel().tolist()
    assert samples.y.tolist() == [1, 0, 0, 1]


X, Y = np.ones((3, 2)), np.array([0, 1, 0])
HOLE = np.array([[1, 2], [3, np.nan], [5, 6]])
TEXT = np.array([["1", "2"], ["3", "x"], ["5", "6"]])
LIST = pa.table({"x": [[1], [2]], "y": [1, 2]})
LATIN = pa.table({"x": [1, 2], "y": pa.array([b"\xe9", b"e"]).view("string")})
EMPTY = pa.table({"x": pa.array([], "int64"), "y": pa.array([], "int64")})

DATES = CSV.replace("2.5", "2020-01-01").replace("4.5", "2020-01-01").replace(",6,", ",2020-01-01,")
ONE = {"x": X, "y": Y}

HOLES = pa.table({"x": [1, None], "y": [1, 2]})


class Headed:
    """Writes .npz files whose array x has a header of the test's own, and no values."""

    def __mod__(self, shape: str) -> bytes:
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        x = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        np.save(y := io.BytesIO(), np.array([0, 1, 0]))
        return zipped({"x.npy": x, "y.npy": y.getvalue()})


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(packed := io.BytesIO(), "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


def damaged_lzma() -> bytes:
    np.save(array := io.BytesIO(), np.arange(100.0))
    whole = zipped({"x.npy": array.getvalue(), "y.npy": array.getvalue()}, zipfile.ZIP_LZMA)
    return whole[:60] + bytes(40) + whole[100:]


HEADED, BAD_LZMA = Headed(), damaged_lzma()

FAULTS = [
    ("a.txt", CSV, {}, "dataset.path: FILE: must name a file of one of these types; .csv, .npz, .parquet"),
    ("a.csv", "", {}, "FILE: can't be read as csv (Empty CSV file); save it again, "),
    (
        "a.csv",
        "x,y\n1,2\n3\n",
        {},
        "FILE, sample 2: has 1 values, and the first line names 2 columns; mend",
    ),
    ("a.csv", CSV.encode("utf-16"), {}, "FILE, sample 4: has 1 values, "),
    ("a.csv", "x,y\n1,2\n", {}, "FILE: column y: 2: is the only class; give samples of two"),
    ("a.csv", "x,y\n", {}, "FILE: holds no values; "),
    (
        "a.csv",
        "x;y\n1;2\n",
        {},
        "FILE: has no column but the target x;y; add one; values are parted by comma",
    ),
    ("a.csv", "x,x,y\n1,2,3\n", {}, "FILE: x: has two columns of this name; "),
    (
        "a.csv",
        CSV.replace("4.5", "high"),
        {},
        "FILE: column height, sample 2: high: is text, where numbers are ",
    ),
    (
        "a.csv",
        CSV.replace("4.5", ""),
        {},
        "FILE: column height, sample 2: is missing (empty, NA, null or the like); fill it in ",
    ),
    ("a.csv", CSV.replace(",a", ","), {}, "FILE: column kind, sample 2: is missing (empty, NA"),
    (
        "a.csv",
        CSV.replace("4.5", "inf"),
        {},
        "FILE: column height, sample 2: inf: is no finite number of 32 bits",
    ),
    ("a.csv", CSV.replace("4.5", "1e300"), {}, "FILE: column height, sample 2: 1e+300: is no finite number"),
    ("a.csv", DATES, {}, "FILE: column height: date32[day]: is the type of this column, and can't be used; "),
    ("a.csv", CSV, {"target": "widht"}, "dataset.target: widht: is no column of a.csv; did you mean width?"),
    ("a.csv", CSV, {"ignore": ("olt",)}, "dataset.ignore: olt: is no column of a.csv; did you mean old?"),
    (
        "a.csv",
        CSV,
        {"task": "regression"},
        "FILE: column kind, sample 1: b: is text, where numbers are needed",
    ),
    (
        "a.csv",
        "1,0\n2,1\n",
        {},
        "FILE, line 1: 1,0: holds numbers only, not names; put a line with the columns'",
    ),
    ("a.csv", "x,y\n7,a\n1_000,b\n2,a\n", {}, "FILE: column x, sample 2: 1_000: is text, where numbers"),
    ("a.csv", "x,y\n7,a\n  8 ,a\nhigh,b\nlow,b\n", {}, "FILE: column x, sample 3: high: is text, where"),
    ("a.csv", 'x,y\n1,a\n2,""\n', {}, "FILE: column y, sample 2: is missing (empty, NA, null or the like); "),
    ("a.csv", "x,y\n1,a\n2,NA\n", {}, "FILE: column y, sample 2: is missing (empty, NA, null or the like); "),
    (
        "a.csv",
        CSV,
        {"target": "old", "ignore": ("old",)},
        "dataset.ignore: old: holds the target, dataset.tar",
    ),
    (
        "a.csv",
        "x,y\n1,2\n",
        {"ignore": ("x", "y")},
        "dataset.ignore: leaves no column of a.csv; ignore fewer",
    ),
    (
        "a.parquet",
        HOLES,
        {},
        "FILE: column x, sample 2: is missing; fill it in, or leave the row or the column",
    ),
    ("a.parquet", b"PAR1", {}, "FILE: can't be read as parquet ("),
    ("a.parquet", LIST, {}, "FILE: column x: list<element: int64>: is the type of this column, and can't"),
    ("a.parquet", LATIN, {}, "FILE: can't be read as parquet ("),
    ("a.parquet", EMPTY, {}, "FILE: holds no values; "),
    ("a.npz", b"PK", {}, "FILE: can't be read as npz (File is not a zip file); "),
    ("a.npz", pickle.dumps(X), {}, "FILE: can't be read as npz (File is not a zip file); "),
    ("a.npz", {"x": X}, {}, "dataset.target: y: is no array of a.npz; known are x"),
    ("a.npz", ONE, {"features": "X"}, "dataset.features: X: is no array of a.npz; known are x, y"),
    ("a.npz", ONE | {"y": Y[:2]}, {}, "FILE: holds 3 samples and 2 targets; "),
    ("a.npz", ONE | {"x": X[:, :0]}, {}, "FILE: holds no values; "),
    ("a.npz", ONE | {"y": X}, {}, "FILE: array y: has the shape (3, 2); use (N,)"),
    ("a.npz", ONE | {"x": X.reshape(3, 2, 1, 1, 1)}, {}, "FILE: array x: has 5 dimensions; use (N, D) or "),
    (
        "a.npz",
        ONE | {"x": HOLE},
        {},
        "FILE: array x, sample 2, value 2: nan: is no finite number of 32 bits; ",
    ),
    (
        "a.npz",
        ONE | {"x": TEXT},
        {},
        "FILE: array x: <U1: is the type of these values, where numbers are needed; ",
    ),
    (
        "a.npz",
        {"x": X, "y": HOLE[:, 1]},
        {"task": "classification"},
        "FILE: array y, sample 2: nan: is no finit",
    ),
    (
        "a.npz",
        ONE | {"x": X * 1j},
        {},
        "FILE: array x: complex128: is the type of these values, where numbers",
    ),
    (
        "a.npz",
        ONE | {"y": Y * 1j},
        {},
        "FILE: array y: complex128: is the type of these values, and can't be",
    ),
    (
        "a.npz",
        ONE | {"y": Y.astype("M8[D]")},
        {},
        "FILE: array y: datetime64[D]: is the type of these values, and ",
    ),
    ("a.npz", HEADED % "(1000000000000000000000000000000,)", {}, "FILE: would need about "),
    ("a.npz", HEADED % "(10000000000000,)", {}, "FILE: would need about 218.3 TiB, and this machine has "),
    ("a.npz", HEADED % "(True,)", {}, "FILE: can't be read as npz ("),
    ("a.npz", HEADED % "(3,", {}, "FILE: can't be read as npz ("),
    ("a.npz", HEADED % "(3,) + '''", {}, "FILE: can't be read as npz ("),
    ("a.npz", BAD_LZMA, {}, "FILE: can't be read as npz ("),
    ("a.npz", HEADED % "(3,)", {}, "FILE: can't be read as npz (EOF: reading array data"),
]


@pytest.mark.parametrize(
    ("name", "content", "settings", "said"), FAULTS, ids=[fault[3][:60] for fault in FAULTS]
)
def test_a_fault_is_named_by_file_row_and_column(name, content, settings, said, tmp_path):
    path = write(tmp_path / name, content)
    part = member(Dataset, "file", path=path, **settings)
    for ask in (lambda: part.outline(Path()), lambda: part.read(Path(), np.random.default_rng(0))):
        with pytest.raises(DataError) as error:
            ask()
        assert str(error.value).startswith(said.replace("FILE", path))
        assert "\n" not in str(error.value)


def test_a_pickle_in_an_npz_is_refused_unopened(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    path = write(tmp_path / "a.npz", {"x": X, "y": np.array([Trap(), Trap(), Trap()])})
    with pytest.raises(DataError, match="Object arrays cannot be loaded"):
        member(Dataset, "file", path=path).outline(Path())
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("path", ["", "no.csv", "folder.csv", "~nobody/no.csv"])
def test_a_path_that_is_no_file_is_told(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(
        DataError, match="is no file; check dataset.path" if path else r"dataset\.path: : must name"
    ):
        member(Dataset, "file", path=path).outline(Path())


def test_paths_start_in_the_working_directory_or_at_home(tmp_path, monkeypatch, read):
    write(tmp_path / "a.csv", CSV)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in ("a.csv", "./a.csv", "~/a.csv"):
        read(member(Dataset, "file", path=path))


def test_a_changed_file_is_outlined_anew(tmp_path):
    part = member(Dataset, "file", path=write(tmp_path / "a.csv", CSV))
    assert part.outline(Path()).num_samples == 3
    write(tmp_path / "a.csv", CSV + "7,8,true,a\n")
    assert part.outline(Path()).num_samples == 4


def test_whole_numbers_that_look_like_values_are_pointed_out(tmp_path):
    part = member(Dataset, "file", path=write(tmp_path / "a.csv", "x,price\n1,10\n2,20\n3,30\n4,40\n"))
    found = [p for p in part.problems(part.outline(Path()), "dataset") if p.warning]
    assert [str(p) for p in found] == [
        "dataset.task: auto: takes the target as 4 classes, for 4 samples; "
        "set it to regression if they are values"
    ]


@pytest.mark.parametrize(
    ("name", "content", "settings", "said"),
    [
        (
            "a.csv",
            "x,y\n1,0.0\n2,1.0\n3,0.0\n4,1.0\n",
            {},
            "dataset.task: auto: takes the target as values, and they are 2 different whole numbers only; "
            "set it to classification if they are classes",
        ),
        ("a.csv", "x,y\n1,0.0\n2,1.0\n3,0.5\n4,1.0\n", {}, None),
        ("a.csv", "x,y\n1,0.0\n2,1.0\n3,0.0\n4,1.0\n", {"task": "regression"}, None),
        ("a.csv", "x,y\n1,1.0\n2,2.0\n3,3.0\n4,4.0\n", {}, None),
        ("a.csv", CSV, {"features": "a"}, "dataset.features: a: is not used for .csv files; leave it out"),
        ("a.npz", ONE, {"ignore": ("a",)}, "dataset.ignore: [a]: is not used for .npz files; leave it out"),
        ("a.npz", {"a": X, "y": Y}, {"features": "a"}, None),
        ("a.csv", CSV, {"ignore": ("old",)}, None),
    ],
)
def test_what_is_odd_but_can_be_learnt_is_a_warning(name, content, settings, said, tmp_path):
    part = member(Dataset, "file", path=write(tmp_path / name, content), stratified=False, **settings)
    found = [str(p) for p in part.problems(part.outline(Path()), "dataset") if p.warning]
    assert found == [said] * (said is not None)


def test_the_last_column_that_is_not_ignored_is_learnt(tmp_path, read):
    samples = read(member(Dataset, "file", path=write(tmp_path / "a.csv", CSV), ignore=("kind",)))
    assert samples.x.tolist() == [[1, 2.5], [3, 4.5], [5, 6]]
    assert samples.y.tolist() == [1, 0, 1]


def test_a_label_in_quotes_may_be_called_na(tmp_path, read):
    path = write(tmp_path / "a.csv", 'x,y\n1,"NA"\n2,EU\n3,"null"\n')
    assert read(member(Dataset, "file", path=path)).y.tolist() == [1, 0, 2]


@pytest.mark.parametrize(("name", "limit"), [("a.csv", 100_000), ("a.parquet", 500_000), ("a.npz", 200_000)])
def test_what_memory_can_not_hold_is_refused_unread(name, limit, tmp_path, monkeypatch):
    zeros = {"x": np.zeros(10_000), "y": np.arange(10_000) % 2}
    content = "x,y\n" + "1,0\n1,1\n" * 5000 if name == "a.csv" else zeros
    path = write(tmp_path / name, content)
    part = member(Dataset, "file", path=path)
    part.outline(Path())
    monkeypatch.setattr(_faults, "physical_memory_bytes", lambda: limit)
    with pytest.raises(DataError) as error:
        part.read(Path(), np.random.default_rng(0))
    assert str(error.value).startswith(f"{path}: would need about ")
    assert str(error.value).endswith(" KiB; save fewer samples, or fewer columns, in it")


def test_ignored_columns_may_be_written_as_a_list():
    assert parse(members(Dataset)["file"], {"kind": "file", "ignore": ["a", "b"]}).ignore == ("a", "b")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["csv", "npz", "parquet"]), st.floats(0, 1), st.binary(max_size=4), st.booleans())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(suffix, place, noise, cut):
    whole = {"x": np.arange(40), "y": np.arange(40) % 3}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        write(path, CSV if suffix == "csv" else whole)
        content = path.read_bytes()
        at = int(place * len(content))
        path.write_bytes(content[:at] + noise + (b"" if cut else content[at + len(noise) :]))
        with contextlib.suppress(DataError):
            member(Dataset, "file", path=str(path)).read(Path(), np.random.default_rng(0))
