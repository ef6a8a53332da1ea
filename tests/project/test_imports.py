"""What the package brings along, and which of its parts know which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

PACKAGE = ROOT / "jsma"
UI = ROOT / "pages" / "ui"

KNOWS = {
    "data": set(),
    "adversarial": {"writing"},
    "models": {"training_methods", "writing"},
    "network": {"convolution"},
    "jacobian": {"features", "network"},
    "reason": {"jacobian"},
    "stop": set(),
    "palette": set(),
    "saliency": set(),
    "features": {"saliency"},
    "maps": {"saliency"},
    "explanations": {"features", "jacobian", "maps", "network", "rules", "saliency"},
    "measures": {"explanations", "features"},
    "rules": {"features", "jacobian", "saliency"},
    "convolution": set(),
    "sharing": {"writing"},
    "workers": set(),
    "writing": set(),
    "attack": {"features", "jacobian", "network", "reason", "rules", "saliency", "stop", "workers"},
    "trace": {"attack", "features", "network"},
    "goal": {"features", "network", "rules", "saliency"},
    "refinement": {"attack", "features", "goal", "network", "rules"},
    "sparse": {"attack", "features", "goal", "network", "refinement", "rules", "stop"},
    "baselines": {"attack", "features", "jacobian", "network", "rules", "saliency", "stop"},
    "report": {"attack", "jacobian", "rules", "saliency", "writing", "stop"},
    "evaluation": {
        "attack",
        "data",
        "features",
        "jacobian",
        "network",
        "report",
        "rules",
        "sharing",
        "stop",
    },
    "training": {"data", "models", "training_methods"},
    "training_methods": {"convolution"},
    "defences": {"models"},
    "export": {"attack", "palette", "stop"},
    "other_attacks": {"features", "training_methods"},
    "glossary": {"baselines", "explanations", "other_attacks", "report", "rules"},
    "analysis": {"attack", "baselines", "rules", "saliency"},
    "wording": set(),
    "stage": {
        "attack",
        "export",
        "glossary",
        "jacobian",
        "network",
        "palette",
        "rules",
        "saliency",
        "stop",
        "trace",
        "wording",
    },
}
"""Imports run one way: which of its siblings each module may import."""


def imported(path: Path) -> set[str]:
    """Return the full names of all modules that the file imports, anywhere in it."""
    package = list(path.relative_to(ROOT).parts[:-1]) if PACKAGE in path.parents else []
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level]
            module = ".".join([*above, *filter(None, [node.module])]) if node.level else node.module
            # `from . import saliency` names modules, `from .saliency import x` does not; `jsma.x` is harmless.
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def siblings(path: Path) -> set[str]:
    """Return which modules of the package the file imports."""
    modules = {module.stem for module in PACKAGE.glob("*.py")} | {"stage"}
    return {name.split(".")[1] for name in imported(path) if name.startswith("jsma.")} & modules


def loaded_by(program: str, names: tuple[str, ...]) -> list[str]:
    """Return which of the modules `names` are loaded once a new Python has run `program`."""
    program = f"import sys\n{program}\nprint([name for name in {names} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return ast.literal_eval(answer.stdout)


def test_importing_jsma_and_all_its_modules_loads_none_of_the_heavy_libraries():
    modules = ", ".join(["jsma", *(f"jsma.{path.stem}" for path in PACKAGE.glob("*.py") if path.stem != "__init__")])
    heavy = ("streamlit", "matplotlib", "sklearn", "pandas", "PIL", "torchvision", "captum")
    assert loaded_by(f"import {modules}", heavy) == []


def test_the_server_starts_without_torch_and_finds_its_app():
    assert loaded_by("from app import app\nassert app.script_path.name == 'app.py'", ("torch", "pandas")) == []


def test_the_lab_needs_no_library_for_charts_or_handwriting():
    lab = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in ast.walk(lab) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(imports) > 3
    heavy = ("pandas", "altair", "matplotlib", "scipy", "torchvision", "captum")
    assert loaded_by("\n".join(imports), heavy) == []


def test_the_first_attack_loads_none_of_the_libraries_that_torch_loads_when_it_needs_them():
    attack = "next(jsma.Attack().steps(jsma.load_model(), jsma.load_uci_digits().images[0], 3))"
    assert loaded_by(f"import jsma\n{attack}", ("sympy", "torch._dynamo", "torch._inductor")) == []


def test_the_package_imports_no_streamlit_and_no_page_anywhere():
    for path in PACKAGE.rglob("*.py"):
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & {"streamlit", "pages", "app"}, path.name


@pytest.mark.parametrize("module", KNOWS)
def test_imports_within_the_package_run_one_way(module):
    files = [PACKAGE / f"{module}.py"] if module != "stage" else (PACKAGE / "stage").glob("*.py")
    assert set().union(*map(siblings, files)) <= KNOWS[module] | {module}


def test_the_package_init_and_the_command_line_are_imported_by_no_module():
    for path in PACKAGE.glob("*.py"):
        whole = {"jsma"} if path.stem in ("__init__", "__main__") else imported(path) & {"jsma", "jsma.__main__"}
        assert path.stem in ("__init__", "__main__") or not whole, path.name


def test_no_page_knows_the_folder_of_another_and_what_they_share_knows_none():
    """Nothing of pages/ui but a page's own folder imports from it."""
    shared = {"access", "shared"}
    folders = {path.name for path in UI.iterdir() if path.is_dir() and path.name not in {*shared, "__pycache__"}}
    for path in UI.rglob("*.py"):
        here = path.relative_to(UI).parts[0]
        known = {name.split(".")[2] for name in imported(path) if name.startswith("pages.ui.")}
        assert not known & (folders - {here}), path


def test_what_the_pages_share_imports_no_page():
    for path in (ROOT / "pages" / "ui").rglob("*.py"):
        inside = {name for name in imported(path) if name.split(".")[0] in ("pages", "app")}
        assert all(name == "pages.ui" or name.startswith("pages.ui.") for name in inside), path.name


def test_every_public_name_is_there():
    import jsma

    assert all(hasattr(jsma, name) for name in jsma.__all__)
    promised = "Attack Rule Output Direction Stop best_pair jacobian load_model load_mnist load_uci_digits evaluate"
    assert set(promised.split()) <= set(jsma.__all__)
