"""Keras on torch: compile() and fit(), with torch's initial weights and constants."""

import math
import os
import time
from itertools import pairwise

os.environ["KERAS_BACKEND"] = "torch"

import keras
from keras import layers

keras.config.set_image_data_format("channels_first")
NORMS = {
    "batch": lambda: layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
    "layer": lambda: layers.LayerNormalization(epsilon=1e-5),
}


def net(work):
    """Give the layers of the work's module, as Keras has them."""
    *hidden, outputs = work.sizes
    found = [layers.Input(work.data.train_x.shape[1:])]
    if not work.is_cnn and work.data.train_x.ndim > 2:
        found.append(layers.Flatten())
    for before, after in pairwise(hidden):
        if work.is_cnn:
            found.append(layers.Conv2D(after, 3, padding="same", **initial(9 * before)))
        else:
            found.append(layers.Dense(after, **initial(before)))
        if work.norm != "none":
            found.append(NORMS[work.norm]())
        found.append(layers.ReLU())
        if work.is_cnn:
            found.append(layers.MaxPooling2D())
    if work.is_cnn:
        found.append(layers.GlobalAveragePooling2D())
    return keras.Sequential([*found, layers.Dense(outputs, **initial(hidden[-1]))])


def initial(fan_in):
    """Torch's own initial weights: U(-1 / sqrt(fan_in), 1 / sqrt(fan_in))."""
    bound = 1 / math.sqrt(fan_in)
    drawn = keras.initializers.RandomUniform
    return {"kernel_initializer": drawn(-bound, bound), "bias_initializer": drawn(-bound, bound)}


def train(work):
    """Train in silence; validation data is one batch."""
    model, data = net(work), work.data
    with_rate = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[work.optimizer]
    constants = {} if work.optimizer == "sgd" else {"epsilon": 1e-8}
    model.compile(
        with_rate(work.lr, **constants),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    x, y, val_x, val_y = (each.numpy() for each in (data.train_x, data.train_y, data.val_x, data.val_y))
    began = time.process_time()
    history = model.fit(
        x,
        y,
        batch_size=work.batch_size,
        epochs=work.epochs,
        shuffle=not work.is_full_batch,
        validation_data=(val_x, val_y),
        validation_batch_size=len(val_x),
        verbose=0,
    ).history
    seconds = time.process_time() - began
    metrics = {name: values[-1] for name, values in history.items()}
    return seconds, {
        "train_loss": metrics["loss"],
        "train_accuracy": metrics["accuracy"],
        "val_loss": metrics["val_loss"],
        "val_accuracy": metrics["val_accuracy"],
    }


TRAINS = {"Keras on torch": train}
