"""Masked derivatives: how large those of each model are, and two models' maps and pair planes beside each other."""

from dataclasses import replace

import pandas as pd
import streamlit as st
from torch import Tensor

from jsma import Output, Stop
from jsma.defences import PROTECTED, subjects
from pages.ui import resources
from pages.ui.choice import OWN, Choice
from pages.ui.formatting import number, percent
from pages.ui.shared import defended
from pages.ui.shared.predicting import guess
from pages.ui.stage import Together, stage

ENDS = {
    "none": "It ends at step 0, without a changed pixel",
    "fails": "It changes pixels and does not reach the target",
    "succeeds": "It reaches the target",
}
WATCHED = "lenet-distilled"
VIEWS = ("picture", "jacobian", "saliency")


def show(choice: Choice, image: Tensor, position: int) -> None:
    """Ask for a prediction, then show the derivatives of all models and two of them side by side."""
    st.header("Masked is not safe", anchor=False)
    st.markdown(
        "An attack by derivatives can only follow what they say. A model whose derivatives are 0, or too small to be "
        "stored, looks safe. Attack another of its outputs, or by another rule, to find out whether it is."
    )
    label = subjects()[WATCHED]
    guessed = guess(
        "distilled-probabilities",
        f"{choice.data}-{choice.digit}-{choice.sample}-{choice.target}-{choice.theta}-{choice.gamma}",
        f"Attack the **{label}** on its **probabilities**, with the other settings in the sidebar. How does it end?",
        list(ENDS.values()),
    )
    if guessed is None:
        return
    own = choice.data == OWN
    ends = {output: _ended(choice, image, output, own) for output in Output}
    st.markdown(verdict(ends, guessed.value))
    st.dataframe(table(choice, image, own), hide_index=True, width="stretch")
    st.caption(
        f"At the untouched digit, for the target {choice.target}. Small numbers are stored as 0 where they are below "
        "about 10⁻⁴⁵. Lead: by how much the largest logit exceeds the second; softmax of a large lead is 1 to the last "
        "digit that is stored."
    )
    with st.container(key="new-sheet-side-by-side"):
        _side_by_side(choice, position)


def _ended(choice: Choice, image: Tensor, output: Output, own: bool) -> str:
    attack = replace(choice.attack, output=output)
    trace = defended.attacked(WATCHED, image, choice.target, attack, True, own)
    return "succeeds" if trace.success else "none" if trace.end.iteration == 0 else "fails"


def verdict(ends: dict[Output, str], said: str | None) -> str:
    """Return in Markdown how the attacks on both outputs ended, and whether that was said of the probabilities."""
    told = {output: ENDS[end] for output, end in ends.items()}
    true = told[Output.PROBABILITIES]
    judged = "" if said is None else "You are right. " if said == true else f"You said: {said}. "
    texts = [f"On {output.value}: **{told[output][0].lower()}{told[output][1:]}**." for output in reversed(Output)]
    return judged + " ".join(texts)


def table(choice: Choice, image: Tensor, own: bool) -> pd.DataFrame:
    """Return a row for each model: how large its derivatives are at the digit."""
    rows = []
    for name, label in subjects().items():
        scale = defended.scale(name, image, choice.target, own)
        rows.append(
            {
                "Model": label,
                "Largest |∂ logit|": number(scale.logit),
                "Largest |∂ probability|": number(scale.probability),
                "∂ probability exactly 0": percent(scale.zeros),
                "Lead of the largest logit": number(scale.lead),
            }
        )
    return pd.DataFrame(rows)


def _side_by_side(choice: Choice, position: int) -> None:
    st.subheader("Two models, each on its own scale", anchor=False)
    others = {name: label for name, label in subjects().items() if name != PROTECTED}
    other = st.segmented_control(
        "Beside the undefended network",
        others,
        default=WATCHED,
        format_func=others.__getitem__,
        required=True,
        key="defend-beside",
        persist_state="session",
    )
    with st.container(key="on-screen-together"):
        st.caption(
            "Both step together: the controls of either side move both. **Output** in the sidebar says which "
            "derivatives are drawn: those of the logits, or of the probabilities. Each side has its own scale, with "
            "its numbers: the same colour or place means another value on the other side."
        )
    pair = [
        (name, resources.recording(choice.data, defended.model(name), position, choice.target, choice.attack))
        for name in (PROTECTED, other)
    ]
    together = Together("defend", max(recording.iterations for _, recording in pair))
    for column, side, (name, recording) in zip(st.columns(2, gap="medium"), ("left", "right"), pair, strict=True):
        with column:
            st.markdown(f"**{subjects()[name]}**")
            if recording.stop is Stop.REACHED_TARGET and not recording.iterations:
                st.caption("It reads the target before any change.")
            visit = list(others).index(other)  # beside another model, both begin again
            stage(recording, 0, visit, VIEWS, key=f"stage-{side}", level=3, together=together)
