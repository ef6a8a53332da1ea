"""One place for each thing: a rule, a network, a data set and a map, each one entry in its table."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT

RULE = """
    TOY = RuleEntry(
        value="toy",
        label="Toy rule",
        meaning="A rule of the tests.",
        weighs_by_probability=False,
        weighs_by_room=True,
        formula="a and b times room",
        beta_words="added up",
        a_caption="this one × room is a",
        b_caption="the other {others}, added up, × room are b",
        character="It is a toy.",
    )
"""
NETWORK = '''

def toy() -> nn.Sequential:
    """Build one layer."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


NETWORKS["toy"] = KnownNetwork("Toy network", toy)
'''
DATA = """

DATA_SETS["toy"] = DataSet(
    label="Toy digits",
    digits="toy digits",
    about="The toy digits are those of the tests.",
    load=lambda root, download: Digits("Toy digits", *(part[50:150] for part in _uci())),
    accuracy_key="toy_accuracy",
)


def _uci() -> tuple[Tensor, Tensor]:
    digits = load_uci_digits()
    return digits.images, digits.labels
"""

MAP = """

MAPS["toy"] = MapEntry(
    label="Toy map",
    question="Where is the ink of {explained}?",
    formula="x",
    meaning="The picture itself.",
    source="The tests",
    signed=False,
    quick=True,
    compute=lambda model, images, question: images,
)
"""

LOOK = """
import json, sys, torch
from streamlit.testing.v1 import AppTest
import jsma, jsma.glossary
from jsma.__main__ import main
from jsma.models import save_model

torch.manual_seed(0)
record = {"model": "toy", "toy_accuracy": 0.5}
network = jsma.models.build("toy")
network[1].bias.data[0] = 9  # it reads all as 0
save_model("toy", network, record)
command = "evaluate --model toy --data toy --rule toy --images 2 --gamma 0.01 --save report.json"
assert main(command.split()) == 0
report = jsma.Report.load("report.json")
assert report.attack.rule.value == "toy" and len(report.targets) == 18

link = {"rule": "toy", "model": "toy", "data": "toy", "digit": "3", "target": "5", "gamma": "0.02"}
app = AppTest.from_file("app.py", default_timeout=300)
app.query_params.update(link)
app.run()
assert not app.exception and not app.warning, (app.exception, app.warning)
choice = app.session_state.choice
assert {name: choice.to_url()[name] for name in link} == link
assert "Toy network" in app.selectbox(key="widget-model").options
assert "Toy digits" in app.selectbox(key="widget-data").options
assert "Toy rule" in app.segmented_control(key="widget-rule").options
words = " ".join(each.value for each in (*app.markdown, *app.caption))
assert "Data: **Toy digits** · Network: **Toy network**, which reads 50.0" in words
assert "**Toy rule** A rule of the tests." in words
assert "all others, added up, by" in words and "by moving all the way" in words

app.switch_page("pages/4_Rules.py").run()
assert not app.exception, app.exception
shown = app.multiselect(key="rules")
assert {"Toy rule", "Toy rule, darken", "Toy rule, both"} <= set(shown.options)
assert "Toy rule" in shown.value
words = " ".join(each.value for each in app.markdown)
assert "**Toy rule.** It is a toy." in words
assert "toy" in app.code[0].value  # the command that measures what is not measured yet

app.switch_page("pages/7_Saliency_maps.py").run()
app.button(key="skip-which-attacks").click().run()
assert not app.exception, app.exception
shown = " ".join(each.value for each in app.caption)
assert "Where is the ink of a 0?" in shown and "feature map k" not in shown  # without a convolution no Grad-CAM
app.button(key="skip-fewest-pixels").click().run()
assert not app.exception, app.exception
assert any("Toy map" in set(each.value.iloc[:, 0]) for each in app.dataframe)
assert jsma.glossary.TERMS["Toy map"] == "The picture itself."
print("all seen")
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the project that may be changed."""
    for folder in ("jsma", "pages", ".streamlit"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", tmp_path)
    return tmp_path


def insert(file, text: str, before: str | None = None) -> None:
    """Put `text` at the end of a file, or before the first place that says `before`."""
    content = file.read_text(encoding="utf-8")
    at = len(content) if before is None else content.index(before)
    file.write_text(content[:at] + text.lstrip("\n") + "\n" + content[at:], encoding="utf-8")


@pytest.mark.slow
def test_one_entry_each_makes_a_rule_a_network_a_data_set_and_a_map_appear_everywhere(project):
    insert(project / "jsma" / "rules.py", RULE, before="    def __new__(cls, entry: RuleEntry)")
    insert(project / "jsma" / "models.py", NETWORK)
    insert(project / "jsma" / "data.py", DATA)
    insert(project / "jsma" / "explanations.py", MAP)
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=project, env=environment, capture_output=True, encoding="utf-8"
    )
    assert ran.stdout.strip().endswith("all seen"), ran.stderr[-3000:]
