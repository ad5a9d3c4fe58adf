import torch

from normlab.engine.module import build_module
from normlab.engine.seeding import numpy_stream, stream_seed, torch_stream
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

CPU = torch.device("cpu")


def weights(settings, seed=0, outputs=10):
    experiment = change(Experiment(), settings)
    return build_module(experiment.model, (1, 8, 8), outputs, seed, CPU).state_dict()


def test_streams_are_told_apart_by_each_part_of_their_key():
    keys = [(0, "init", "a"), (1, "init", "a"), (0, "order", "a"), (0, "init", "b"), (0, "init", "")]
    assert len({stream_seed(*key) for key in keys}) == len(keys)
    assert numpy_stream(0, "split").random() == numpy_stream(0, "split").random()
    assert torch.rand(1, generator=torch_stream(0, "order")) == torch.rand(
        1, generator=torch_stream(0, "order")
    )


def test_the_seed_of_a_stream_never_changes():
    # Runs of today must be repeatable with tomorrow's version.
    assert stream_seed(0, "init", "head") == 1685630434061816970


def test_arms_share_the_initial_weights_of_the_layers_they_share():
    plain = weights({})
    arms = (
        {"model.norm.kind": "batch"},
        {"model.dropout.kind": "dropout"},
        {"model.activation.kind": "tanh"},
        {"model.norm_placement": "after_activation", "model.norm.kind": "layer"},
    )
    for arm in arms:
        other = weights(arm)
        assert all(torch.equal(value, other[name]) for name, value in plain.items())


def test_a_deeper_arm_shares_what_it_has_in_common():
    shallow, deep = weights({"model.hidden": [8, 8]}), weights({"model.hidden": [8, 8, 8]})
    for name in shallow:
        assert torch.equal(shallow[name], deep[name])


def test_layers_and_seeds_differ():
    state = weights({"model.hidden": [64, 64, 64]})
    assert not torch.equal(state["blocks.1.linear.weight"], state["blocks.2.linear.weight"])
    assert not torch.equal(
        state["head.weight"], weights({"model.hidden": [64, 64, 64]}, seed=1)["head.weight"]
    )


def test_building_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    weights({"model.init.kind": "orthogonal", "model.parametrization.kind": "spectral_norm"})
    assert torch.equal(torch.rand(3), expected)


def test_dropouts_draw_from_streams_of_their_own():
    experiment = change(Experiment(), {"model.dropout.kind": "dropout"})
    module = build_module(experiment.model, (1, 8, 8), 10, 0, CPU)
    generators = [layer.generator for layer in module.modules() if hasattr(layer, "generator")]
    assert len({generator.initial_seed() for generator in generators}) == 2
