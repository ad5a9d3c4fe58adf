"""What makes two runs the same: then one of them is enough."""

import hashlib
import json

from normlab.lab.experiment import Experiment
from normlab.lab.settings import to_tree


def fingerprint(
    experiment: Experiment, device: str, origin: str | None = None, stamp: str | None = None
) -> str:
    """Give 32 hexadecimal digits that runs share which must have the same results.

    They share every setting with its seed, the kind of device, where their first weights came from, and the
    state of the files that their data is read from. Settings at their defaults are left out, so that one that
    a later version adds changes nothing: whoever finds a run by this compares its experiment as well.

    `stamp`: the state of those files, where it is known; else they are looked at now, one by one.
    """
    stamp = experiment.dataset.stamp() if stamp is None else stamp
    known = [to_tree(experiment), device.partition(":")[0], origin, stamp]
    text = json.dumps(known, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
