"""The words of the lab, each with what it means here."""

WORDS = {
    "experiment": (
        "The whole configuration of one training: data set, model, loss, optimizer, schedule, training and "
        "seed. The form shows one."
    ),
    "part": "One piece of an experiment, with settings of its own: the norm group, the optimizer adam.",
    "kind": "Which member of a family a part is: batch, layer and group are kinds of norm.",
    "run": "One execution of an experiment, with its curves, its checkpoints and how it ended.",
    "baseline": "The run, or arm, that all others are compared with: the first one, unless you pin another.",
    "arm": "The baseline with named changes, such as “batch norm”.",
    "confounded": (
        "A run that differs from the baseline in two settings or more: what the difference in its curves "
        "comes from can't be told."
    ),
    "fork": "To take a run's settings into the form, change one, and run again.",
    "seed": (
        "The number that all random draws are made from: data, split, order, initial weights, dropout. Runs "
        "with the same seed share all that their settings share, so they are compared in pairs."
    ),
    "study": "An experiment with arms, each run with several seeds, often with claims.",
    "cell": "An arm at one place of a study's grid: a row of runs, one a seed.",
    "band": "Where the median over seeds may lie, at 95 %; it needs six seeds.",
    "claim": "A sentence that runs can support or refute: which arm, against which, in what, which way.",
    "verdict": "What the runs say of a claim: supported, refuted or undecided, and what would decide it.",
    "preset": "A small TOML file with an experiment or a study, and the words that explain it.",
    "sample": "One row of the data: a point, or an image, with its target.",
    "batch": "The samples that one step looks at together.",
    "step": "One update of the weights, made from one batch. Also called an iteration.",
    "epoch": "One pass over all training samples.",
    "training data": "The samples that the weights are fitted to.",
    "validation data": "The samples held out: no weight is fitted to them, so they tell what was learnt.",
    "train loss": (
        "What training makes small: the mean over an epoch's samples, in training mode, while the weights "
        "still move. With dropout on, it can lie above the validation loss."
    ),
    "val loss": "The same loss on the validation data, in evaluation mode, after the epoch.",
    "accuracy": "The share of samples whose class is told right, from 0 to 1.",
    "RMSE": "Root of the mean squared error, in the target's unit: the score of a regression.",
    "best": "The evaluation with the lowest validation loss, unless the experiment names another metric.",
    "last": "The final evaluation. Far worse than the best, it tells of overfitting.",
    "learning rate": "How far a step goes. The schedule moves it while training goes on.",
    "gradient norm": (
        "Length of the gradient over all weights, before clipping. Near 0, nothing is learnt; where it grows "
        "without end, the run is about to diverge."
    ),
    "diverged": "The loss is no longer a finite number; the run ends there unless told to go on.",
    "overfitting": "Train loss falls while validation loss rises: samples are memorized instead of learnt.",
    "norm": (
        "A layer that gives its inputs a fixed scale, and most a fixed mean: over the batch, a sample, or "
        "groups of channels."
    ),
    "dropout": "A layer that zeroes values at random while training, so that no unit can rely on another.",
    "running statistics": "Means and variances that batch norm gathers while training and uses after.",
    "training mode": "Dropout drops, and batch norm uses its batch's own statistics.",
    "evaluation mode": "Dropout passes all values on, and batch norm uses its running statistics.",
    "smoothing": (
        "Draws a running mean of training curves; tables and best values always come from the curve itself."
    ),
}
"""What each word means, in an order that can be read through."""
