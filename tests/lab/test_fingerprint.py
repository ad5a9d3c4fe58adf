from normlab.core.parsing import parse
from normlab.lab.experiment import Experiment
from normlab.lab.fingerprint import fingerprint
from normlab.lab.settings import change, to_tree


def test_a_fingerprint_is_of_the_settings_and_not_of_how_they_were_written():
    written = change(Experiment(), {"optimizer.lr": 0.001, "model.norm.kind": "none"})
    assert fingerprint(written, "cpu") == fingerprint(Experiment(), "cpu")
    assert fingerprint(parse(Experiment, to_tree(written)), "cpu") == fingerprint(Experiment(), "cpu")


def test_whatever_may_change_the_results_changes_the_fingerprint():
    base = Experiment()
    others = [
        fingerprint(change(base, {"seed": 1}), "cpu"),
        fingerprint(change(base, {"optimizer.lr": 0.01}), "cpu"),
        fingerprint(change(base, {"model.norm.kind": "batch"}), "cpu"),
        fingerprint(base, "cuda:0"),
        fingerprint(base, "cpu", "k3f9q2:best"),
    ]
    assert len({fingerprint(base, "cpu"), *others}) == 6


def test_two_devices_of_a_kind_are_the_same():
    assert fingerprint(Experiment(), "cuda:0") == fingerprint(Experiment(), "cuda:1")


def test_a_file_that_has_changed_makes_another_run(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    experiment = change(Experiment(), {"dataset.kind": "file", "dataset.path": str(path)})
    before = fingerprint(experiment, "cpu")
    assert fingerprint(experiment, "cpu") == before
    path.write_text("a,b\n1,x\n3,y\n2,y\n")
    assert fingerprint(experiment, "cpu") != before
    path.unlink()
    assert fingerprint(experiment, "cpu") != before
