"""A minimal bundler for ES modules: a Streamlit component takes one string, and a page from a file one script.

It supports only the forms of import and export that this project uses, each at the start of a line:

    import { one, two } from "./other.js";
    export function name…    export async function name…    export const name…    export class Name…
    export default function …                               in the entry module only

Other forms raise ValueError. Comments on lines of their own are removed. All modules share one scope, so two must not
declare the same name at the top level.
"""

import re
from collections.abc import Mapping
from pathlib import Path

_IMPORT = re.compile(r'^import \{([\w\s,$]*)\} from "(\.{1,2}/[^"\n]+\.js)";\n', re.MULTILINE)
_DECLARATION = re.compile(r"^(export )?(?:async )?(?:function\*?|const|let|class) ([\w$]+)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default function\b", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/)[ \t]*\n", re.MULTILINE)
_UNKNOWN = re.compile(
    r"^(?:import\b|export (?!default function\b)|export$|(?:const|let) (?:[\[{]|[\w$]+,)|var\b).*|^.*\bimport\(.*",
    re.MULTILINE,
)


def join(entry: Path, given: Mapping[Path, str] | None = None) -> str:
    """Return the module `entry` and all its direct and indirect imports as the source of one module.

    Modules are in dependency order; the default export of `entry` is kept. given: sources that replace those of files.
    Raises ValueError for an unsupported form of import or export, a name that is imported but not exported, a name
    that two modules declare, and circular imports; FileNotFoundError for a missing module.
    """
    replacements = {path.resolve(): source for path, source in (given or {}).items()}
    joined: dict[Path, str] = {}
    owners: dict[str, Path] = {}
    exports: dict[Path, set[str]] = {}

    def visit(path: Path, importers: tuple[Path, ...]) -> None:
        if path in importers:
            raise ValueError(f"Modules import one another in a circle: {_names((*importers, path))}.")
        if path in joined:
            return
        source = replacements[path] if path in replacements else path.read_text(encoding="utf-8")
        for names, relative in _IMPORT.findall(source):
            other = (path.parent / relative).resolve()
            visit(other, (*importers, path))
            missing = {name.strip() for name in names.split(",")} - {""} - exports[other]
            if missing:
                raise ValueError(
                    f"{path.name} imports {', '.join(sorted(missing))}, which {other.name} does not export."
                )
        code = _IMPORT.sub("", source)
        if importers and _DEFAULT.search(code):
            raise ValueError(f"{path.name} is imported, so its default export would be lost.")
        exports[path] = {name for exported, name in _DECLARATION.findall(code) if exported}
        for _, name in _DECLARATION.findall(code):
            if name in owners:
                raise ValueError(f"Both {owners[name].name} and {path.name} declare {name}.")
            owners[name] = path
        code = re.sub(r"^export (?!default\b)(?=(?:async )?(?:function|const|class)\b)", "", code, flags=re.MULTILINE)
        unknown = _UNKNOWN.search(code)
        if unknown:
            raise ValueError(f"{path.name} has an unsupported import or export: {unknown[0].strip()}")
        joined[path] = _COMMENT.sub("", code).strip()

    visit(entry.resolve(), ())
    return "\n\n".join(joined.values()) + "\n"


def _names(paths: tuple[Path, ...]) -> str:
    return " → ".join(path.name for path in paths)
