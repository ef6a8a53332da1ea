"""The saliency map that the stage draws is the library's: its script, run in node, beside `jsma.saliency_map`."""

import json
import os
import shutil
import subprocess

import pytest
import torch

import jsma
from jsma import Attack, Direction, Output, Rule
from jsma.stage import record
from jsma.stage.pieces import SCRIPTS

ATTACKS = [
    Attack(output=output, direction=way, gamma=0.006)
    for output, way in ((Output.LOGITS, Direction.INCREASE), (Output.PROBABILITIES, Direction.DECREASE))
] + [Attack(Rule.TJSMA, direction=Direction.BOTH, theta=0.4, gamma=0.006)]

READ = f"""
import {{ readFileSync }} from "node:fs";
import {{ readRecording }} from "{(SCRIPTS / "recording.js").as_uri()}";
import {{ saliencyMap }} from "{(SCRIPTS / "saliency.js").as_uri()}";
const maps = process.argv.slice(1).map((file) => {{
  const recording = readRecording(readFileSync(file));
  const of = (saliency) => recording.steps.map((_, k) => [...saliencyMap(recording, k, saliency)]);
  return {{ alone: of("alone"), paired: of("paired") }};
}});
console.log(JSON.stringify(maps));
"""


@pytest.fixture(scope="module")
def node():
    """The program node; where there is none, the test skips or, where it must be there, fails."""
    found = shutil.which("node")
    if found is None:
        reason = "node, which runs the stage's scripts here, is not installed."
        pytest.fail(reason) if os.environ.get("JSMA_REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    return found


def test_the_map_of_every_step_is_that_of_the_library_to_the_last_bit(node, uci, tmp_path):
    model, image = jsma.load_model(), uci.images[22]
    recordings = [record(model, image, 2, 3, attack) for attack in ATTACKS]
    files = [tmp_path / f"{at}" for at in range(len(recordings))]
    for file, recording in zip(files, recordings, strict=True):
        file.write_bytes(recording.payload)
    ran = subprocess.run([node, "--input-type=module", "-e", READ, *files], capture_output=True, check=True)
    for found, recording in zip(json.loads(ran.stdout), recordings, strict=True):
        assert recording.iterations > 1
        for k, facts in enumerate(recording.steps):
            step = recording.as_step(k)
            gradients = step.target_gradient[None], step.others_gradient[None], step.domain[None]
            for partners, name in ((False, "alone"), (True, "paired")):
                expected = jsma.saliency_map(*gradients, facts.direction, partners)[0]
                assert torch.equal(torch.tensor(found[name][k], dtype=torch.float64), expected)
                assert expected.any()
