import pytest
import torch
from torch.nn.utils.parametrize import is_parametrized

from normlab.components.models import Model
from normlab.components.parametrizations import Parametrization
from normlab.core.choice import member, members
from normlab.engine.module import build_module


@pytest.mark.parametrize("kind", members(Model))
def test_every_weight_is_parametrized_but_the_heads(kind):
    model = member(Model, kind, parametrization=member(Parametrization, "weight_norm"))
    module = build_module(model, (1, 8, 8), 5, seed=0, device=torch.device("cpu"))
    plain = {
        path
        for path, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d) and not is_parametrized(layer)
    }
    assert plain == {model.head}
