"""Settings by their dotted paths: an experiment as a small table, changed in places, and compared."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from normlab.core.choice import Part, Record, members
from normlab.core.errors import ConfigError, Problem, show_value
from normlab.core.fields import Field, describe
from normlab.core.parsing import nearest, parse
from normlab.lab.experiment import Experiment

Tree = dict[str, Any]

PREPARATION = ("dataset.standardize", "dataset.scale_fault", "dataset.label_noise")
"""Settings of a data set that prepare the inputs, or spoil training alone: validation stays what it is."""


def to_tree(record: BaseModel) -> Tree:
    """Write a record as the table that a preset file holds: each kind, and what differs from the defaults.

    >>> to_tree(Experiment())["model"]
    {'kind': 'mlp'}
    """
    tree: Tree = {}
    for name, field in describe(type(record)).items():
        value = getattr(record, name)
        if isinstance(value, BaseModel):
            # An experiment names all of its parts; inside a part, those left at their default go unsaid.
            if value != field.default or (isinstance(record, Experiment) and isinstance(value, Part)):
                tree[name] = to_tree(value)
        elif name == "kind" or (value != field.default and value is not None):
            tree[name] = list(value) if isinstance(value, tuple) else value
    return tree


def change(experiment: Experiment, settings: Mapping[str, Any]) -> Experiment:
    """Give the experiment with some settings changed, by dotted path.

    A new kind keeps the old one's values under fields of the same name and clears the rest.

    Raises: ConfigError naming the path that is unknown, or the rule that a value breaks.

    >>> change(Experiment(), {"model.norm.kind": "group", "model.norm.groups": 4}).model.norm.groups
    4
    """
    return parse(Experiment, change_tree(to_tree(experiment), settings))


def change_tree(tree: Tree, settings: Mapping[str, Any]) -> Tree:
    """Change settings in an experiment's table; see `change`. Kinds go first, since they clear values."""
    tree = deepcopy(tree)
    for path in sorted(settings, key=lambda path: (not path.endswith(".kind"), path.count("."))):
        _set(tree, path, settings[path])
    return tree


def _set(tree: Tree, path: str, value: Any) -> None:
    record: type[BaseModel] = Experiment
    *containers, name = path.split(".")
    field: Field | None = None
    for index, step in enumerate([*containers, name]):
        here = ".".join(path.split(".")[: index + 1])
        fields = describe(record)
        if step not in fields:
            elsewhere = _places(step) if index == 0 else []
            remedy = f"did you mean {' or '.join(elsewhere)}?" if elsewhere else nearest(step, fields)
            raise ConfigError(Problem(here, "is no setting here", remedy))
        if index == len(containers):
            break
        field = fields[step]
        if field.family is None and field.record is None:
            raise ConfigError(Problem(here, "has no settings of its own", f"set {here} itself"))
        default = to_tree(field.default) if isinstance(field.default, BaseModel) else {}
        inner = tree.setdefault(step, default)
        if not isinstance(inner, dict):
            raise ConfigError(Problem(here, "must be a table", value=inner))
        if field.family is not None:
            if name != "kind" and str(inner.get("kind")) not in members(field.family):
                parse(record, tree, ".".join(path.split(".")[:index]))
            # A kind that is unknown, and about to be replaced, has no fields to look into.
            record = members(field.family).get(str(inner.get("kind")), Part)
        else:
            assert field.record is not None
            record = field.record
        tree = inner
    if name == "kind" and field is not None and field.family is not None:
        part = members(field.family).get(str(value))
        kept = {
            key: inner for key, inner in tree.items() if part and key != "kind" and _fits(part, key, inner)
        }
        tree.clear()
        tree.update(kind=value, **kept)
    elif value is None or (value == "none" and describe(record)[name].optional):
        tree.pop(name, None)
    else:
        tree[name] = value


def _fits(part: type[Part], name: str, value: Any) -> bool:
    """Tell whether a part has a field of that name that takes that value."""
    if name not in describe(part):
        return False
    try:
        parse(part, {"kind": part.model_fields["kind"].default, name: value})
    except ConfigError as error:
        return not any(problem.path.startswith(name) for problem in error.problems)
    return True


def _places(name: str) -> list[str]:
    """Find a setting that was named without its path: "epochs" is training.epochs, "norm" is model.norm."""
    parts = {path: field.default for path, field in describe(Experiment).items()}
    return [
        f"{path}.{name}"
        for path, part in parts.items()
        if isinstance(part, BaseModel) and name in describe(type(part)) and name != "kind"
    ]


@dataclass(frozen=True)
class Difference:
    """One setting that two experiments differ in."""

    path: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.path}: {show_setting(self.before)} → {show_setting(self.after)}"


def differences(before: Record, after: Record, path: str = "") -> Iterator[Difference]:
    """Yield the settings in which two records differ, the seed left out.

    A changed kind is one difference, whatever fields come or go with it; the families inside it (a
    model's norm, say) are compared by themselves.

    >>> base = Experiment()
    >>> [str(d) for d in differences(base, change(base, {"model.norm.kind": "layer"}))]
    ['model.norm: none → layer']
    """
    fields, others = describe(type(before)), describe(type(after))
    same_kind = type(before) is type(after)
    if not same_kind:
        yield Difference(path, before, after)
    for name in fields:
        if name not in others or (name == "seed" and not path):
            continue
        here = f"{path}.{name}" if path else name
        old, new = getattr(before, name), getattr(after, name)
        if isinstance(old, Record) and isinstance(new, Record):
            yield from differences(old, new, here)
        elif same_kind and old != new:
            yield Difference(here, old, new)


def leaves(record: Record, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every setting of a record with its value, those at their defaults too; a part's kind is one.

    >>> dict(leaves(Experiment()))["model.norm.kind"]
    'none'
    """
    for name in describe(type(record)):
        value, here = getattr(record, name), f"{path}.{name}" if path else name
        if isinstance(value, Record):
            yield from leaves(value, here)
        else:
            yield here, value


def label(changed: list[Difference]) -> str:
    """Name an arm by what it changes.

    >>> label([])
    'baseline'
    """
    if not changed:
        return "baseline"
    if len(changed) > 1:
        return f"confounded: {len(changed)} changes"
    return f"{changed[0].path.split('.')[-1]} = {show_setting(changed[0].after)}"


def show_setting(value: object) -> str:
    """Write a setting's value; a part is its kind, and in brackets what differs from its defaults.

    Families inside the part are left out: they are settings of their own.
    """
    if not isinstance(value, BaseModel):
        return show_value(value)
    own = {k: v for k, v in to_tree(value).items() if k != "kind" and not isinstance(v, dict)}
    inner = ", ".join(f"{name} = {show_value(item)}" for name, item in own.items())
    kind = value.kind if isinstance(value, Part) else "on"
    return f"{kind} ({inner})" if inner else kind
