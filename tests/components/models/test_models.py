"""Laws that hold for every model, and what is particular to each."""

import pytest
import torch

from normlab.components.models import Model
from normlab.components.norms import Norm
from normlab.core.choice import member, members

KINDS = list(members(Model))
SHAPES = {
    "mlp": [(6,), (1, 8, 8)],
    "plain": [(6,)],
    "residual_mlp": [(6,), (1, 8, 8)],
    "cnn": [(1, 8, 8), (3, 9, 7)],
}
SHAPES["resnet18"] = [(1, 8, 8), (3, 17, 12)]
CASES = [(kind, shape) for kind in KINDS for shape in SHAPES[kind]]
VARIANTS = {
    "mlp": [{"hidden": (8, 4)}, {"norm_placement": "after_activation", "dropout_placement": "before_norm"}],
    "plain": [{"depth": 3, "width": 8}, {"depth": 2, "bias": True, "dropout_placement": "before_head"}],
    "residual_mlp": [{"depth": 2, "width": 8, "expansion": 2}, {"depth": 2, "norm_placement": "post"}],
    "cnn": [{"channels": (4, 8)}, {"pool": "average", "kernel": 5}, {"pool": "none", "channels": (4,) * 5}],
    "resnet18": [{}, {"stem": "imagenet"}],
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("kind", "shape"), CASES)
@pytest.mark.parametrize("norm", ["none", "batch", "layer", "group", "rms"])
def test_the_plan_tells_the_module(kind, shape, norm):
    settings = {"groups": 4} if norm == "group" else {}
    for variant in VARIANTS[kind]:
        model = member(Model, kind, norm=member(Norm, norm, **settings), **variant)
        module, plan = model.build(shape, 5), list(model.plan(shape, 5))
        paths = {
            path
            for path, layer in module.named_modules()
            if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
        }
        assert paths == {layer.path for layer in plan if layer.op in ("linear", "conv")}
        assert sum(map(model.num_parameters, plan)) == count(module)
        assert plan[-1].path == model.head


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_shapes_are_those_of_the_plan(kind, shape):
    for variant in VARIANTS[kind]:
        model = member(Model, kind, norm=member(Norm, "layer"), **variant)
        module = model.build(shape, 5)
        seen = {}

        def note(path, inputs, outputs, seen=seen):
            seen.setdefault(path, (tuple(inputs[0].shape[1:]), tuple(outputs.shape[1:])))

        for path, layer in module.named_modules():
            layer.register_forward_hook(lambda _, i, o, path=path: note(path, i, o))
        assert module(torch.randn(3, *shape)).shape == (3, 5)
        for layer in model.plan(shape, 5):
            if layer.path in seen:
                assert seen[layer.path] == (layer.inputs, layer.outputs), layer


def test_a_norm_shifts_no_path():
    plain, normed = (
        member(Model, "mlp", norm=member(Norm, kind)).build((6,), 2) for kind in ("none", "batch")
    )
    assert set(plain.state_dict()) < set(normed.state_dict())


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ({}, ["linear", "norm", "activation", "dropout"]),
        ({"norm_placement": "after_activation"}, ["linear", "activation", "dropout", "norm"]),
        ({"dropout_placement": "before_norm"}, ["linear", "dropout", "norm", "activation"]),
        (
            {"norm_placement": "after_activation", "dropout_placement": "before_norm"},
            ["linear", "activation", "dropout", "norm"],
        ),
        ({"dropout_placement": "before_head"}, ["linear", "norm", "activation", "dropout"]),
    ],
)
def test_placements_order_the_block(settings, order):
    plan = member(Model, "mlp", hidden=(4,), **settings).plan((3,), 2)
    assert [layer.op for layer in plan] == [*order, "linear"]


def test_dropout_before_the_head_stands_once():
    plan = list(member(Model, "mlp", hidden=(4, 4, 4), dropout_placement="before_head").plan((3,), 2))
    assert [layer.path for layer in plan if layer.op == "dropout"] == ["blocks.2.dropout"]


def test_sizes_can_be_written_as_depth_times_width():
    assert member(Model, "mlp", hidden="10x500").hidden == (500,) * 10
    assert member(Model, "mlp", hidden="64, 32").hidden == (64, 32)


def test_a_residual_block_of_zeros_is_the_identity():
    module = member(Model, "residual_mlp", depth=1, width=4).build((3,), 2)
    block = module.get_submodule("blocks.0")
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.randn(5, 4)
    torch.testing.assert_close(block(x), x)


def test_resnet18_without_our_changes_is_torchvision_s():
    from torchvision.models import resnet18

    theirs = resnet18(num_classes=10)
    ours = member(Model, "resnet18", stem="imagenet", norm=member(Norm, "batch")).build((3, 64, 64), 10)
    ours.load_state_dict({name.replace("fc.", "fc."): value for name, value in theirs.state_dict().items()})
    x = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
