"""Build the reference of the library from its docstrings, as web pages in build/reference: python -m docs.reference

Fails, and says where, if pdoc warns of anything, if something public has no docstring, or if a docstring refers to a
name that the reference does not have.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from inspect import Parameter
from pathlib import Path

import pdoc
from pdoc.doc import Class, Doc, Function, Module

FOLDER = Path(__file__).parents[1] / "build" / "reference"
MODULES = "jsma", "jsma.stage"
NAME = re.compile(r"`([A-Za-z_]\w*(?:\.\w+)*)(?:\(.*?\))?`")
"""What a docstring refers to: `name`, `of.this.kind` or `called(like, this)`."""


def main() -> None:
    """Build the pages; exit with status 1 and the problems if there are any."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pdoc.pdoc(*MODULES, rf"!jsma\.(?!{MODULES[1].removeprefix('jsma.')}$)", output_directory=FOLDER)
    problems = [str(warning.message) for warning in caught]
    problems += problems_in([Module(import_module(name)) for name in MODULES])
    if problems:
        sys.exit("\n".join(problems))
    print(f"The reference is in {FOLDER / 'jsma.html'}.")


def problems_in(modules: list[Module]) -> list[str]:
    """Return what is wrong with the docstrings of these modules, a sentence each."""
    documented = [entry for module in modules for entry in entries(module)]
    known = {entry.fullname for entry in documented}
    found = []
    for entry in documented:
        if not entry.docstring and isinstance(entry, Class | Function | Module):
            found.append(f"{entry.fullname} has no docstring.")
        found += [
            f"{entry.fullname} refers to {name}, which is not in the reference."
            for name in NAME.findall(entry.docstring)
            if not known & set(meanings(name, entry)) and name not in parameters(entry)
        ]
    return found


def entries(parent: Module | Class) -> Iterator[Doc]:
    """Yield a module or class and everything public in it that is the project's own."""
    yield parent
    for member in parent.members.values():
        own = member.taken_from[0].split(".")[0] == "jsma"
        if not own or member.name.startswith("_") or isinstance(member, Module):
            continue
        if isinstance(member, Class):
            yield from entries(member)
        else:
            yield member


def meanings(name: str, entry: Doc) -> Iterator[str]:
    """Yield the full names that `name` may stand for in the docstring of an entry."""
    yield name
    scope = entry.fullname
    while scope:
        yield f"{scope}.{name}"
        scope = scope.rpartition(".")[0]
    yield f"jsma.{name}"  # in jsma.stage, too


def parameters(entry: Doc) -> set[str]:
    """Return the names of the parameters of a function, or of what makes an instance of a class."""
    function = entry.members.get("__init__") if isinstance(entry, Class) else entry
    named: dict[str, Parameter] = dict(function.signature.parameters) if isinstance(function, Function) else {}
    return set(named)


if __name__ == "__main__":
    main()
