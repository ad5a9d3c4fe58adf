"""Laws that hold for every model, and what is particular to each."""

import pytest
import torch
from torch import nn

from normlab.components.dropouts import Dropout
from normlab.components.models import Model
from normlab.components.norms import Norm
from normlab.core.choice import member, members
from normlab.core.fields import describe
from normlab.layers.dropout import RandomLayer

KINDS = list(members(Model))
SHAPES = [(6,), (1, 8, 8), (3, 17, 12)]
CASES = [
    (kind, shape)
    for kind in KINDS
    for shape in SHAPES
    if not list(member(Model, kind).problems(shape, "model"))
]
# Sizes worth a look; what can be chosen among flags and words is covered without.
SIZES = {
    "mlp": [{"hidden": (8, 4)}],
    "plain": [{"depth": 3, "width": 8}],
    "residual_mlp": [{"depth": 2, "width": 8, "expansion": 2}],
    "cnn": [{"channels": (4,) * 5}, {"kernel": 5}],
}
MODULES = {
    "linear": nn.Linear,
    "conv": nn.Conv2d,
    "max_pool": nn.MaxPool2d,
    "average_pool": nn.AvgPool2d,
    "norm": nn.RMSNorm,
    "dropout": RandomLayer,
}


def variants(kind):
    """The settings by default, with each flag and each word of them chosen once, and a few sizes."""
    yield {}
    for name, field in describe(members(Model)[kind]).items():
        words = (True, False) if field.type == "flag" else field.choices if field.type == "choice" else ()
        yield from ({name: word} for word in words if name != "kind" and word != field.default)
    yield from SIZES.get(kind, [])


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("kind", "shape"), CASES)
@pytest.mark.parametrize("norm", ["none", "batch", "layer", "group", "rms"])
def test_the_plan_counts_the_parameters(kind, shape, norm):
    settings = {"groups": 4} if norm == "group" else {}
    for variant in variants(kind):
        model = member(Model, kind, norm=member(Norm, norm, **settings), **variant)
        module, plan = model.build(shape, 8), list(model.plan(shape, 8))
        assert sum(map(model.num_parameters, plan)) == count(module)
        assert [layer.path for layer in plan if layer.op in ("linear", "conv")][-1] == model.head


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_the_plan_tells_the_module(kind, shape):
    norm, dropout = member(Norm, "rms", over="channels"), member(Dropout, "dropout")
    for variant in variants(kind):
        model = member(Model, kind, norm=norm, dropout=dropout, **variant)
        module, plan = model.build(shape, 5), list(model.plan(shape, 5))
        for op, kept in MODULES.items():
            paths = {p.removesuffix(".layer") for p, m in module.named_modules() if isinstance(m, kept)}
            wanted = {layer.path for layer in plan if layer.op == op}
            if op == "average_pool":  # of which the last mean is one, too
                paths -= {f"{layer.path}.0" for layer in plan if layer.op == "average"}
            assert paths == wanted


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_shapes_are_those_of_the_plan(kind, shape):
    for variant in variants(kind):
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


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_every_model_has_a_place_for_a_dropout(kind, shape):
    module = member(Model, kind, dropout=member(Dropout, "dropout", p=1.0)).build(shape, 5)
    x = torch.randn(3, *shape)
    assert not torch.equal(module(x), module.eval()(x))


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


def test_a_norm_behind_the_head_takes_the_place_of_its_bias():
    settings = {"head_norm": True, "norm": member(Norm, "batch")}
    plan = list(member(Model, "mlp", hidden=(4,), **settings).plan((3,), 2))
    assert [(layer.path, layer.op, layer.outputs) for layer in plan[-2:]] == [
        ("head", "linear", (2,)),
        ("head_norm", "norm", (2,)),
    ]
    assert not plan[-2].bias


def test_where_there_is_no_norm_the_head_keeps_its_bias():
    plans = [member(Model, "mlp", hidden=(4,), head_norm=normed).plan((3,), 2) for normed in (True, False)]
    assert list(plans[0]) == list(plans[1])


def test_sizes_can_be_written_as_depth_times_width():
    assert member(Model, "mlp", hidden="10x500").hidden == (500,) * 10
    assert member(Model, "mlp", hidden="64, 32").hidden == (64, 32)


def residual_mlp(**settings):
    """Give a residual MLP of one block with a net of random norms, and its layers by name."""
    torch.manual_seed(0)
    settings = {"norm": member(Norm, "layer"), "width": 4, "expansion": 2, **settings}
    module = member(Model, "residual_mlp", depth=1, **settings).build((3,), 2)
    layers = {
        path.rsplit(".", 1)[-1]: layer for path, layer in module.get_submodule("blocks.0").named_modules()
    }
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module, layers


def test_norms_stand_in_front_of_a_branch_and_of_the_head_before_it_or_behind_the_sum():
    x = torch.randn(5, 3)
    module, block = residual_mlp(norm_placement="pre")
    stream = module.stem(x)
    stream = stream + block["linear2"](block["linear1"](block["norm"](stream)).relu())
    torch.testing.assert_close(module(x), module.head(module.norm(stream)))
    module, block = residual_mlp(norm_placement="post")
    stream = module.stem(x)
    stream = block["norm"](stream + block["linear2"](block["linear1"](stream).relu()))
    torch.testing.assert_close(module(x), module.head(stream))


def test_drop_path_skips_the_whole_branch_and_dropout_what_its_last_layer_reads():
    x = torch.randn(5, 4)
    for kind, left in ("drop_path", 0), ("dropout", 1):
        module, layers = residual_mlp(dropout=member(Dropout, kind, p=1.0))
        block = module.get_submodule("blocks.0")
        torch.testing.assert_close(block(x), x + left * layers["linear2"].bias)
        assert not torch.equal(block.eval()(x), x)


def test_a_cnn_halves_its_maps_while_they_are_above_one():
    for pool, op in ("max", "max_pool"), ("average", "average_pool"):
        plan = list(member(Model, "cnn", channels=(4,) * 5, pool=pool).plan((1, 8, 9), 2))
        assert [layer.outputs[1:] for layer in plan if layer.op == op] == [(4, 4), (2, 2), (1, 1)]


def test_resnet18_without_our_changes_is_torchvision_s():
    from torchvision.models import resnet18

    theirs = resnet18(num_classes=10)
    ours = member(Model, "resnet18", stem="imagenet", norm=member(Norm, "batch")).build((3, 64, 64), 10)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
