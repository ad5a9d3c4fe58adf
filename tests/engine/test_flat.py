import pytest
import torch
from torch import nn

from normlab.engine.flat import Flat


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 2), nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2, bias=False)
    )


def groups_of(module):
    weights = [parameter for parameter in module.parameters() if parameter.ndim > 1]
    biases = [parameter for parameter in module.parameters() if parameter.ndim == 1]
    return [{"params": weights, "weight_decay": 0.1}, {"params": biases, "weight_decay": 0.0}]


def test_a_module_computes_as_before_and_its_parameters_lie_in_the_row():
    module, plain = net(), net()
    flat = Flat(groups_of(module))
    x = torch.randn(4, 1, 3, 3)
    assert torch.equal(module(x), plain(x))
    assert [group["weight_decay"] for group in flat.groups] == [0.1, 0.0]
    ((weights,), (biases,)) = (group["params"] for group in flat.groups)
    assert weights.numel() + biases.numel() == flat.values.numel()
    flat.values.zero_()
    assert not any(parameter.any() for parameter in module.parameters())


def test_gradients_gather_in_their_row_through_any_number_of_backward_passes():
    module, plain = net(), net()
    flat = Flat(groups_of(module))
    for _ in range(3):
        x = torch.randn(4, 1, 3, 3)
        plain.zero_grad()
        flat.grads.zero_()
        for each in (module, plain):
            each(x).square().sum().backward()
        for ours, theirs in zip(module.parameters(), plain.parameters(), strict=True):
            assert torch.equal(ours.grad, theirs.grad)
            assert ours.grad.untyped_storage().data_ptr() == flat.grads.untyped_storage().data_ptr()
    total = sum(parameter.grad.double().square().sum() for parameter in plain.parameters())
    assert float(flat.grads.double().square().sum()) == pytest.approx(float(total))


def test_a_group_s_row_has_its_part_of_the_gradients_and_gaps_stay_zero():
    module = net()
    flat = Flat(groups_of(module))
    module(torch.ones(1, 1, 3, 3)).sum().backward()
    rows = [row for group in flat.groups for row in group["params"]]
    assert torch.equal(torch.cat([row.grad for row in rows]), flat.grads)
    held = sum(parameter.numel() for parameter in module.parameters())
    for parameter in module.parameters():
        parameter.data.fill_(1)
        parameter.grad.fill_(1)
    assert int(flat.values.sum()) == int(flat.grads.sum()) == held


def test_every_parameter_begins_at_a_multiple_of_64_bytes():
    module = net()
    flat = Flat(groups_of(module))
    for parameter in module.parameters():
        assert (parameter.data_ptr() - flat.values.data_ptr()) % 64 == 0
        assert (parameter.grad.data_ptr() - flat.grads.data_ptr()) % 64 == 0


def test_weights_that_are_loaded_come_into_the_row():
    module, other = net(), net()
    flat = Flat(groups_of(module))
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(2)
    module.load_state_dict(other.state_dict())
    rows = torch.cat([parameter.detach().flatten() for parameter in other.parameters()])
    assert float(flat.values.double().square().sum()) == pytest.approx(float(rows.double().square().sum()))
