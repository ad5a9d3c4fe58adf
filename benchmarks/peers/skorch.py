"""skorch: a NeuralNetClassifier without its table, its validation data given."""

import time

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import EpochScoring
from skorch.dataset import Dataset
from skorch.helper import predefined_split


def train(work):
    """Train an initialized net."""
    data = work.data
    kind = torch.optim.SGD if work.optimizer == "sgd" else torch.optim.Adam
    net = NeuralNetClassifier(
        work.module(),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=kind,
        optimizer__fused=True,
        lr=work.lr,
        max_epochs=work.epochs,
        batch_size=work.batch_size,
        iterator_train__shuffle=not work.is_full_batch,
        iterator_valid__batch_size=data.num_val,
        train_split=predefined_split(Dataset(data.val_x, data.val_y)),
        callbacks=[EpochScoring("accuracy", lower_is_better=False, on_train=True, name="train_acc")],
        callbacks__print_log=None,
        verbose=0,
        device="cpu",
    ).initialize()
    x, y = data.train_x, data.train_y
    began = time.process_time()
    net.partial_fit(x, y)
    seconds = time.process_time() - began
    last = net.history[-1]
    return seconds, {
        "train_loss": last["train_loss"],
        "train_accuracy": last["train_acc"],
        "val_loss": last["valid_loss"],
        "val_accuracy": last["valid_acc"],
    }


TRAINS = {"skorch": train}
