"""Damage to files: a flipped bit, an end that is missing, or another content under a seal in order."""

import random


def damaged(raw, count, seed=0):
    """Yield what was done and the bytes that are left, `count` times: three flips to each truncation."""
    draw = random.Random(seed)
    for index in range(count):
        if index % 4 == 3:
            length = draw.randrange(len(raw))
            yield f"cut to {length} bytes", raw[:length]
        else:
            place, bit = draw.randrange(len(raw)), draw.randrange(8)
            spoilt = bytearray(raw)
            spoilt[place] ^= 1 << bit
            yield f"bit {bit} of byte {place} flipped", bytes(spoilt)


def undetected(path, count, read, seed=0):
    """List the damages to a file that `read(path)` takes for good, the file whole again after."""
    from normlab.engine.sealed import CheckpointError

    raw = path.read_bytes()
    missed = []
    try:
        for what, spoilt in damaged(raw, count, seed):
            path.write_bytes(spoilt)
            try:
                read(path)
            except CheckpointError:
                continue
            missed.append(what)
    finally:
        path.write_bytes(raw)
    return missed


def reseal(path, change):
    """Write a run's state anew, its parts changed by `change(parts)`, and sealed in order."""
    from normlab.engine.nested import pack, unpack
    from normlab.engine.sealed import seal, unseal

    tensors, texts = unseal(path)
    parts = unpack(texts["state"], tensors)
    change(parts)
    text, tensors = pack(parts)
    path.write_bytes(b"".join(seal(tensors, {**texts, "state": text})))
