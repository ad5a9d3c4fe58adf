"""A checkpoint with one wrong bit, or cut short, is told; none is loaded."""

from support.damage import undetected
from support.runs import experiment

from normlab.engine.loop import run
from normlab.engine.sealed import unseal

SETTINGS = {"model.norm.kind": "batch", "model.dropout.kind": "dropout", "optimizer.kind": "adamw"}


def test_every_flipped_bit_and_every_cut_of_a_checkpoint_is_told(tmp_path, times):
    list(run(experiment(SETTINGS), device="cpu", folder=tmp_path))
    damages, missed = times(70, 700), []
    files = sorted(tmp_path.glob("*.safetensors"))
    assert [path.stem for path in files] == ["best", "last", "state"]
    for path in files:
        unseal(path)
        missed += undetected(path, damages, unseal)
    print(f"{3 * damages} damaged checkpoints: {len(missed)} were not told")
    assert missed == []
