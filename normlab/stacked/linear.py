"""Linear layers: one product of matrices for each net."""

from collections.abc import Hashable, Sequence
from functools import cached_property

from torch import Tensor, nn

from normlab.stacked.layer import Layer, Parameter, add_up, apart, gradients
from normlab.stacked.product import Form, form_of, multiply


class Linear(Layer[nn.Linear]):
    """y = x @ weight.T + bias, net by net: of nets stacked in one call, the last bits could differ."""

    serves = nn.Linear

    def __init__(self, modules: Sequence[nn.Linear]) -> None:
        super().__init__(modules)
        self.weights = [module.weight.detach() for module in modules]
        self.weight_grads = gradients([module.weight for module in modules])
        found = [_bias(module) for module in modules]
        self.biases = [None if bias is None else bias.detach() for bias in found]
        owned = [bias for bias in found if bias is not None]
        self.bias = Parameter(owned) if owned else None
        self._turned = [weight.t() for weight in self.weights]
        self._x: Sequence[Tensor] = ()
        self._batches: dict[int, _Batch] = {}

    @classmethod
    def settings(cls, module: nn.Linear) -> Hashable:
        return module.in_features, module.out_features, _bias(module) is not None

    def forward(self, x: Tensor | Sequence[Tensor], training: bool) -> Tensor:
        """As every layer's; the first layer of a net takes the samples as K times (N, D)."""
        num_samples = x.shape[1] if isinstance(x, Tensor) else x[0].shape[0]
        batch = self._batches.get(num_samples)
        if batch is None:
            batch = self._batches[num_samples] = _Batch(self, x if isinstance(x, Tensor) else x[0][None])
        inputs = batch.parts("x", x) if isinstance(x, Tensor) else x
        for each, weight, bias, out in zip(inputs, self._turned, self.biases, batch.ys, strict=True):
            multiply(batch.form_y, each, weight, out, bias)
        if training:
            self._batch, self._x = batch, inputs
        return batch.y

    def backward(self, dy: Tensor) -> Tensor:
        batch = self._batch
        self.fill(dy)
        dx, dxs = batch.dx
        for each, weight, out in zip(batch.parts("dy", dy), self.weights, dxs, strict=True):
            multiply(batch.form_dx, each, weight, out)
        return dx

    def fill(self, dy: Tensor) -> None:
        """Fill the gradients of weights and biases alone: below the first layer nobody asks for more."""
        dys, form = self._batch.parts("dy", dy), self._batch.form_dw
        for each, x, out in zip(dys, self._x, self.weight_grads, strict=True):
            multiply(form, each.t(), x, out)
        if self.bias is not None:
            add_up(dy, 1, self.bias.gradient)
            self.bias.fill()


class _Batch:
    """Buffers for batches of one length, and how their products are computed: looked up at each step, each
    of these would cost a microsecond or more.
    """

    def __init__(self, layer: Linear, x: Tensor) -> None:
        self._weight = weight = layer.weights[0]
        self.y = apart((len(layer.weights), x.shape[1], weight.shape[0]), weight)
        self.ys = self.y.unbind()
        self.form_y: Form = form_of(x[0], weight.t())
        self.form_dx: Form = form_of(self.ys[0], weight)
        self.form_dw: Form = form_of(self.ys[0].t(), x[0])
        self._known: dict[str, tuple[Tensor, Sequence[Tensor]]] = {}

    @cached_property
    def dx(self) -> tuple[Tensor, Sequence[Tensor]]:
        """The buffer for the inputs' gradients, and the nets' parts of it; evaluations need none."""
        dx = apart((*self.y.shape[:2], self._weight.shape[1]), self._weight)
        return dx, dx.unbind()

    def parts(self, name: str, values: Tensor) -> Sequence[Tensor]:
        """Give the nets' parts of a buffer, which nearly always is the one of the last batch."""
        known, parts = self._known.get(name, (None, ()))
        if known is not values:
            parts = values.unbind()
            self._known[name] = values, parts
        return parts


def _bias(module: nn.Linear) -> Tensor | None:
    return module.bias  # whose declared type leaves out that there may be none
