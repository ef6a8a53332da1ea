"""What the project's pages say of its files: no dead link, no path that is not there, no command that cannot run."""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from jsma.models import NETWORKS
from tests.helpers.paths import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
FILES = {".py", ".md", ".toml", ".txt", ".json", ".js", ".css", ".html", ".conf", ".npz", ".pt", ".png"}


def anchors(page: Path) -> set[str]:
    """Return the names by which the headings of a page can be linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_within_the_project_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_path_that_is_named_is_there(page):
    for word in re.findall(r"`([\w.][\w./-]*)`", page.read_text(encoding="utf-8")):
        begins, is_file = (ROOT / word.split("/")[0]).exists(), Path(word).suffix in FILES
        if is_file or ("/" in word and begins):
            assert (ROOT / word).exists(), word


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_module_that_is_to_be_run_is_there(page):
    for module in set(re.findall(r"python3? -m ((?:jsma|benchmarks|docs)[\w.]*)", page.read_text(encoding="utf-8"))):
        assert find_spec(module), module


def test_the_map_names_every_folder_and_every_module_of_the_library():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8")
    if listed.returncode:
        pytest.skip("This is no git checkout, so which files belong to the project is not known.")
    told = set(re.findall(r"`([\w./-]+)`", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")))
    files = [Path(name) for name in listed.stdout.splitlines()]
    tops = {f"{path.parts[0]}/" for path in files if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    library = {path.as_posix() for path in files if path.parent == Path("jsma") and path.suffix == ".py"}
    shared = {path.as_posix() for path in files if path.parent == Path("pages/ui") and path.suffix == ".py"}
    folders = {
        f"pages/ui/{path.parts[2]}/" for path in files if path.parts[:2] == ("pages", "ui") and len(path.parts) > 3
    }
    expected = tops | library | shared | folders
    assert {name for name in expected if not name.endswith("__init__.py")} <= told


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("figure", ["97.10", "4.02"])
def test_the_papers_figures_are_never_told_without_what_they_divide_by(figure):
    sources = [path for folder in ("jsma", "pages") for path in (ROOT / folder).rglob("*.py")] + [ROOT / "app.py"]
    assert [path.name for path in sources if figure in path.read_text(encoding="utf-8")] == ["paper.py"]
    for page in PAGES:
        for paragraph in page.read_text(encoding="utf-8").split("\n\n"):
            if figure in paragraph and page.name != "CHANGELOG.md":
                assert re.search(r"of all\b.*\bas far as we know", paragraph, re.DOTALL), f"{page.name}: {paragraph}"


def test_lenet_is_called_by_its_label_wherever_it_is_named():
    label, named = NETWORKS["lenet"].label, []
    assert label == "LeNet of the paper's sizes"
    kinds = {".py", ".md", ".js", ".html"}
    files = [path for folder in ("jsma", "pages", "benchmarks") for path in (ROOT / folder).rglob("*")]
    for path in [*files, *PAGES, ROOT / "app.py"]:
        if path.suffix in kinds and path.name != "CHANGELOG.md":
            text = path.read_text(encoding="utf-8")
            named += [(path.name, text[at.start() :][: len(label)]) for at in re.finditer("LeNet", text)]
    assert {file for file, _ in named} >= {"models.py", "README.md", "measurements.md"}
    assert [each for each in named if each[1] != label] == []


def test_the_readme_says_where_network_and_attack_differ_from_the_tutorials_script():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert "Adadelta with dropout (0.2 on the input, 0.5 before the last layer)" in text
    assert "through softmax; the app begins with the paper's logits" in text
    assert "ReLU and Adam are ours" in text
