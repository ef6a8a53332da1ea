"""What defences are worth over many digits: the committed tables, and a live sample."""

import pandas as pd
import streamlit as st

from jsma import Digits
from jsma.defences import FALSE_ALARMS, subjects
from jsma.glossary import explained
from pages.ui.choice import OWN, Choice
from pages.ui.defend import results
from pages.ui.defend.results import ADAPTIVE, COMMAND, Results
from pages.ui.formatting import percent
from pages.ui.outside import plain
from pages.ui.shared import defended
from pages.ui.shared.defended import ATTACKS
from pages.ui.shared.predicting import guess

ALL = ATTACKS | {ADAPTIVE: ADAPTIVE}


def show(choice: Choice, digits: Digits) -> None:
    """Ask for a prediction, then show the tables; below, offer the live sample."""
    st.header("Over many digits", anchor=False)
    found = results.measured()
    _explain_gaps(found)
    if len(results.by_defence(found, ADAPTIVE, True)) == len(subjects()):
        _predict_and_show(found)
    _live(choice, digits)


def _predict_and_show(found: Results) -> None:
    labels = subjects()
    success = {label: found.by(True, name, ADAPTIVE) for name, label in labels.items()}
    guessed = guess(
        "safest-defence",
        "measured",
        "The attacker knows the defence and takes the best of the attacks. Which model does it mislead least often?",
        list(labels.values()),
    )
    if guessed is None:
        return
    st.markdown(verdict({label: each.success for label, each in success.items() if each}, guessed.value))
    attack = _select("Attack", ALL, ADAPTIVE, "defend-attack")
    for knows, words in results.KNOWS.items():
        rows = results.by_defence(found, attack, knows)
        if rows:
            st.markdown(f"**The attacker {words}.**")
            _table(rows)
    about = next(iter(found.found.values()))
    st.caption(
        f"The {plain(about['digits'])} towards nine targets each; clean accuracy on all of the test set. **Adaptive**: "
        "the best of the three attacks on each model. Adversarial accuracy: the share of all final images that are "
        "still read as their label.",
        help=f"{explained('JSMA', 'TJSMA')}\n\n**both**: it brightens and darkens.",
    )
    with st.container(key="on-screen-measured"):
        st.caption("Measured by:")
        st.code(about["command"], language="sh", wrap_lines=True)
    _filters(found)
    _transfer(found)


def verdict(success: dict[str, float], said: str | None) -> str:
    """Return in Markdown which models are misled least often, and whether that was said."""
    least = min(success.values())
    best = [label for label, share in success.items() if share == least]
    judged = "" if said is None else "You are right. " if said in best else f"You said: {said}. "
    return f"{judged}**{' and '.join(best)}**: {percent(least)} of the attacks succeed."


def _filters(found: Results) -> None:
    rows = results.exact_or_similar(found)
    if rows:
        st.subheader("Through a filter", anchor=False)
        st.markdown(
            "An attacker who knows the filter needs its derivatives. Those of rounding are 0, so the attack has "
            "nothing to follow. Instead one keeps the values of the filter and takes the derivatives of something "
            "similar: of not rounding, or of the mean of the nine pixels in place of their median."
        )
        _table(rows)
        st.caption(
            "Backward pass differentiable approximation: A. Athalye, N. Carlini, D. Wagner, 2018, arXiv 1802.00420. "
            "For rounding it is the straight-through estimator: Y. Bengio, N. Léonard, A. Courville, 2013, "
            "arXiv 1308.3432."
        )
    rows = results.detection(found)
    if rows:
        st.subheader("Detection", anchor=False)
        st.markdown(
            "A filter can also raise an alarm: where the probabilities with it and without it differ by more than a "
            f"threshold. The threshold is set so that at most {percent(FALSE_ALARMS, 0)} of untouched digits raise one."
        )
        _table(rows)
        st.caption(
            "The share of the successful attacks on the undefended network that raise an alarm. Feature squeezing: "
            "W. Xu, D. Evans, Y. Qi, 2018, arXiv 1704.01155. Nobody has attacked the detector here: the figures say "
            "nothing of an attacker who knows it."
        )


def _transfer(found: Results) -> None:
    attacks = {name: label for name, label in ATTACKS.items() if results.transfer(found, name)}
    if not attacks:
        return
    st.subheader("Transfer", anchor=False)
    st.markdown("What was made for one model is shown to every other; on the diagonal, to the one it was made for.")
    kinds = {"as_target": "As the target", "as_label": "As its label"}
    attack = _select("Attack", attacks, next(iter(attacks)), "transfer-attack")
    kind = _select("Read", kinds, "as_target", "transfer-kind")
    _table(results.transfer(found, attack, kind))
    st.caption("A row for each model that was attacked, a column for each that reads: shares of all attacks.")


def _select(label: str, options: dict[str, str], default: str, key: str) -> str:
    return st.segmented_control(
        label,
        options,
        default=default,
        format_func=options.__getitem__,
        required=True,
        key=key,
        persist_state="session",
    )


def _table(rows: list[dict[str, str]]) -> None:
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height="content",
        column_config={next(iter(rows[0])): st.column_config.Column(pinned=True)},  # in sight on a phone, too
    )


def _explain_gaps(found: Results) -> None:
    if found.missing:
        some = "Some attacks are" if found.found else "These figures are"
        st.markdown(f"{some} not measured yet. With MNIST on the disk this takes hours, and can be interrupted:")
        st.code(COMMAND, language="sh", wrap_lines=True)
    if found.damaged:
        st.warning(
            f"Not a result of benchmarks.defences: {plain(', '.join(found.damaged))}. Delete it and run the command "
            f"again: {COMMAND}.",
            icon=":material/info:",
        )


def _live(choice: Choice, digits: Digits) -> None:
    few = defended.first_of_each_class(digits)
    count = len(few) * 9
    asked = (choice.data, choice.attack)
    if st.session_state.get("defend-live") != asked:
        with st.container(key="on-screen-live"):
            st.subheader("Now, on a sample", anchor=False)
            st.markdown(
                f"The first digit of each class towards nine targets: {count} attacks on each model, with the settings "
                "in the sidebar, by an attacker who knows the defence."
            )
            st.button(
                f"Attack {count} times each",
                key="defend-start",
                on_click=lambda: st.session_state.update({"defend-live": asked}),
                type="primary",
                icon=":material/play_arrow:",
            )
        return
    st.subheader("Now, on a sample", anchor=False)
    rows = []
    place = st.empty()
    for at, (name, label) in enumerate(subjects().items()):
        place.progress(at / len(subjects()), f"{label}: {count} attacks …")
        report = defended.sample(name, few, choice.attack, choice.data == OWN)
        changed = report.result.changed[report.result.success].double()
        row = {"Defence": label, "Clean accuracy": percent(report.untouched_accuracy)}
        pixels = changed.mean().item() if len(changed) else None
        rows.append(row | results.texts(report.success_rate, pixels, report.adversarial_accuracy))
    place.empty()
    _table(rows)
    st.caption(f"{count} attacks a row, by an attacker who knows the defence, with the settings in the sidebar.")
