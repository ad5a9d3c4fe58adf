"""Each member of the families has a stacked form, or a reason why not."""

import pytest
from torch import nn

from normlab.components.activations import Activation
from normlab.components.dropouts import Dropout
from normlab.components.losses import Loss
from normlab.components.norms import Norm
from normlab.core.choice import member, members
from normlab.stacked.losses import LOSSES
from normlab.stacked.net import stack_layers

WITHOUT = {
    "instance": "acts on maps; vectors have one position per channel",
    "dropout2d": "acts on maps",
}


@pytest.mark.parametrize(
    ("family", "kind"), [(f, kind) for f in (Norm, Activation, Dropout) for kind in members(f)]
)
def test_every_layer_has_a_stacked_form_or_a_reason_against_it(family, kind):
    part = member(family, kind)
    module = part.build() if family is Activation else part.build((16,))
    if isinstance(module, nn.Identity):
        return  # left out of nets
    for parameter in module.parameters():
        parameter.grad = parameter.detach().clone()
    assert len(stack_layers([nn.Sequential(module)])) == (kind not in WITHOUT)


@pytest.mark.parametrize("kind", members(Loss))
def test_every_loss_has_a_stacked_form(kind):
    assert type(member(Loss, kind).build()) in LOSSES
