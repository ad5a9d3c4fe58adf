"""The docstrings under fields, read from the source when somebody asks: it would slow every start."""

import ast
import inspect
import textwrap
from functools import cache


@cache
def field_docstrings(cls: type) -> dict[str, str]:
    """Map each annotated field of a class, or of its bases, to the docstring under it.

    A class without source (typed into a prompt) has none.
    """
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        if base.__module__.partition(".")[0] in ("pydantic", "abc"):
            continue
        try:
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        except (OSError, TypeError, SyntaxError):
            continue
        assert isinstance(tree, ast.ClassDef)
        for field, text in zip(tree.body, tree.body[1:], strict=False):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str() as words)),
                ):
                    found[name] = inspect.cleandoc(words)
                case _:
                    pass
    return found
