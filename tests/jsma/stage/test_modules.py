"""Modules joined into one do what they did apart, and what the joiner does not know it refuses."""

import shutil
import subprocess

import pytest

from jsma.stage.modules import join
from jsma.stage.pieces import SCRIPTS
from tests.helpers.paths import ROOT

ENTRIES = sorted(path for path in (ROOT / "pages").rglob("*.js") if "export default" in path.read_text("utf-8"))


@pytest.fixture
def modules(tmp_path):
    """A function that writes modules, by their names, and joins the first with what it imports."""

    def write(given=None, **sources: str) -> str:
        for name, source in sources.items():
            (tmp_path / f"{name}.js").write_text(source, encoding="utf-8")
        entry = next(iter(sources))
        return join(tmp_path / f"{entry}.js", {tmp_path / f"{name}.js": text for name, text in (given or {}).items()})

    return write


def test_each_module_comes_once_and_after_those_it_imports(modules):
    joined = modules(
        entry='import { b } from "./b.js";\nimport { c } from "./c.js";\n\nexport default function () { f(b + c); }\n',
        b='import { c } from "./c.js";\n\nexport const b = c + 1;\n',
        c="// The last.\n\nexport const c = 1;\n",
    )
    assert joined == ("const c = 1;\n\nconst b = c + 1;\n\nexport default function () { f(b + c); }\n")


def test_comments_on_lines_of_their_own_are_left_out_and_no_others(modules):
    entry = "/** What it\n * does. */\nconst a = 1; // one\n  // more\n/* so */\nexport const url = `a//b`;\n"
    assert modules(entry=entry) == "const a = 1; // one\nconst url = `a//b`;\n"


def test_every_known_form_is_joined(modules):
    joined = modules(
        entry='import {\n  Kind,\n  later,\n  one,\n} from "./b.js";\n\none(Kind, later);\n',
        b="export function one() {}\nexport async function later() {}\nexport class Kind {}\nlet hidden = 1;\n",
    )
    assert (
        joined == "function one() {}\nasync function later() {}\nclass Kind {}\nlet hidden = 1;\n\none(Kind, later);\n"
    )


def test_a_module_can_be_given_instead_of_read(modules):
    joined = modules(
        entry='import { WORDS } from "./b.js";\nsay(WORDS);\n',
        b="export const WORDS = {};\n",
        given={"b": 'export const WORDS = { a: "import { x }" };'},
    )
    assert joined == 'const WORDS = { a: "import { x }" };\n\nsay(WORDS);\n'


def test_modules_lie_where_the_import_says(tmp_path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (tmp_path / "here" / "entry.js").write_text('import { b } from "../there/b.js";\nb();\n', encoding="utf-8")
    (tmp_path / "there" / "b.js").write_text(
        'import { c } from "./c.js";\nexport function b() { c(); }\n', encoding="utf-8"
    )
    (tmp_path / "there" / "c.js").write_text("export function c() {}\n", encoding="utf-8")
    assert join(tmp_path / "here" / "entry.js") == "function c() {}\n\nfunction b() { c(); }\n\nb();\n"


@pytest.mark.parametrize(
    "line",
    [
        'import b from "./b.js";',
        'import * as b from "./b.js";',
        'import { b as c } from "./b.js";',
        "import { b } from './b.js';",
        'import { b } from "b";',
        'import { b } from "./b.js"',
        'import "./b.js";',
        'const b = await import("./b.js");',
        'export { b } from "./b.js";',
        'export * from "./b.js";',
        "export { c };",
        "export let c = 1;",
        "export var c = 1;",
        "export default 1;",
        "export default { c: 1 };",
        "export default class {}",
        "export const { c } = d;",
        "const [c] = d;",
        "let c, d;",
        "var c;",
    ],
)
def test_any_other_form_is_refused(modules, line):
    with pytest.raises(ValueError, match=r"entry\.js"):
        modules(entry=f"{line}\n", b="export const b = 1;\n")


def test_a_name_that_is_not_exported_is_refused(modules):
    with pytest.raises(ValueError, match=r"entry\.js imports c, which b\.js does not export"):
        modules(entry='import { b, c } from "./b.js";\n', b="export const b = 1;\nconst c = 2;\n")


def test_two_modules_with_one_name_are_refused(modules):
    with pytest.raises(ValueError, match=r"Both b\.js and entry\.js declare SIZE"):
        modules(entry='import { b } from "./b.js";\nconst SIZE = 1;\n', b="function SIZE() {}\nexport const b = 1;\n")


def test_a_name_within_a_function_is_its_own(modules):
    joined = modules(
        entry='import { b } from "./b.js";\nfunction f() {\n  const SIZE = b;\n}\n',
        b="export const b = 1;\nconst SIZE = 2;\n",
    )
    assert joined.count("const SIZE") == 2


def test_a_circle_is_refused(modules):
    with pytest.raises(ValueError, match=r"circle: entry\.js → b\.js → c\.js → b\.js"):
        modules(
            entry='import { b } from "./b.js";\n',
            b='import { c } from "./c.js";\nexport const b = 1;\n',
            c='import { b } from "./b.js";\nexport const c = 1;\n',
        )


def test_only_the_entry_has_a_default_export(modules):
    with pytest.raises(ValueError, match=r"b\.js is imported, so its default export would be lost"):
        modules(entry='import { b } from "./b.js";\n', b="export const b = 1;\nexport default function () {}\n")


def test_a_missing_module_is_named(modules):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        modules(entry='import { b } from "./nowhere.js";\n')


def test_the_scripts_of_the_app_were_found():
    assert {"stage.js", "comparison.js", "focus.js"} <= {path.name for path in ENTRIES}


@pytest.mark.parametrize("entry", [*ENTRIES, SCRIPTS / "page.js"], ids=lambda path: path.stem)
def test_what_is_joined_is_one_module_with_no_import(entry):
    joined = join(entry)
    assert joined.count("\nexport default function") + joined.startswith("export default function") == (
        entry.stem != "page"
    )
    assert "\nimport" not in joined
    node = shutil.which("node")
    if node:
        subprocess.run([node, "--check", "--input-type=module", "-"], input=joined, encoding="utf-8", check=True)
