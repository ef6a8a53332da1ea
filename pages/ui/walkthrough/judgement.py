"""Chapter 6: how good the attack is, how weak the network, and what decides it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import streamlit as st
from torch import Tensor

from jsma import Attack, Digits, Report, Rule, evaluate_in_parts
from jsma.analysis import NEGLIGIBLE_PROBABILITY, Analysis, negligible_share
from jsma.glossary import TERMS, explained
from jsma.report import COMPARABLE_SUCCESS
from pages.ui import navigation
from pages.ui.formatting import bounded, percent
from pages.ui.paper import REPORTED
from pages.ui.shared.channels import nominal, ordinal, quantitative, when
from pages.ui.shared.comparison import show_comparison
from pages.ui.shared.comparison.methods import MEASURED, METHODS, Trace, trace
from pages.ui.theme import amounts, colours
from pages.ui.walkthrough import excerpt, findings, shown, tasks
from pages.ui.walkthrough.lesson import Lesson
from pages.ui.walkthrough.tasks import Answer

TITLE = "Judging the result"
QUESTION = "How good is the attack, how weak the network?"
TASKS = ("hardest-classes", "order-of-rules", "hard-or-easy", "weighted-rule", "denominators")

PLAIN = next(iter(MEASURED.values()))
BY_PROBABILITY = [label for label in MEASURED.values() if METHODS[label].rule.weighs_by_probability]
VARIANTS = {name: METHODS[name].attack(Attack().theta, Attack().gamma) for name in (PLAIN, *BY_PROBABILITY)}
"""The rules a reader switches between, all on logits; the first is the paper's."""

ATTACKS = {name: METHODS[name].attack(Attack().theta, Attack().gamma) for name in MEASURED.values()}
"""The attacks that can be run on many digits."""

RULES_IN_WORDS = explained(*(rule.label for rule in Rule))
SAMPLES = 2
PART = 2
"""How many digits of each class are attacked, and how many digits between two looks at the Stop button."""


def show(lesson: Lesson) -> None:
    """Draw the chapter."""
    st.markdown(
        "One attack on one digit proves little. Attack several digits of every class towards all nine others. Two "
        "figures describe the result: the **success rate**, and the **mean distortion**, the share of pixels changed. "
        "Always say what a mean is divided by: all attacks, or only the successful ones."
    )
    guess = _predict_hardest(lesson)
    _many_attacks(lesson, guess)
    _effort(lesson)
    _whole_test_set()
    _check()
    _program()
    tasks.summary("The rule, the outputs it differentiates and the network decide together.")


def _program() -> None:
    st.subheader("The figures in the library", anchor=False)
    st.markdown("Each figure is a mean, and its name says over which attacks.")
    excerpt.show(vars(Report)["mean_distortion"].fget, "def", "return")
    excerpt.show(vars(Report)["mean_distortion_of_successful"].fget, "def", "return")


# --- Many attacks ------------------------------------------------------------------------------------


def _predict_hardest(lesson: Lesson) -> tuple[int, int] | None:
    def ask(key: str) -> tuple[int, int] | None:
        with st.container(horizontal=True):
            source = st.selectbox("A digit", range(10), index=None, key=f"{key}-source", placeholder="0–9", width=140)
            target = st.selectbox("read as", range(10), index=None, key=f"{key}-target", placeholder="0–9", width=140)
        return None if source is None or target is None or source == target else (source, target)

    subject = f"{lesson.choice.data}-{lesson.network.key}"
    return tasks.predict(
        "hardest-classes",
        subject,
        "Which wrong answer is the hardest to get, from which digit?",
        ask,
        list(permutations(range(10), 2)),
    )


def _reports() -> dict[tuple, Report]:
    """Return the reports of this visit, by network, data and attack."""
    return st.session_state.setdefault("walkthrough_reports", {})


def _many_attacks(lesson: Lesson, guess: tuple[int, int] | None) -> None:
    digits, named = findings.some_of_each(lesson.digits, SAMPLES)
    st.subheader(f"{len(digits)} digits, nine targets each", anchor=False)
    variant = st.segmented_control(
        "Rule", ATTACKS, default=PLAIN, required=True, key="walkthrough-rule", help=RULES_IN_WORDS
    )
    subject = (lesson.network.key, lesson.choice.data)
    if st.button(f"Run {len(digits)} digits × 9", icon=":material/play_arrow:", key="walkthrough-run", type="primary"):
        _run(lesson, digits, ATTACKS[variant], (*subject, ATTACKS[variant]))
    mine = {name: _reports()[*subject, attack] for name, attack in ATTACKS.items() if (*subject, attack) in _reports()}
    if variant not in mine:
        st.caption(f"Nothing has been run with {variant} yet. It takes a few seconds, and can be stopped.")
    if mine:
        st.markdown(_figures(mine, 9 * len(digits)))
    if variant in mine:
        st.markdown(_accuracy(mine[variant], variant))
        _by_class(mine[variant], variant, guess)
        _open_hardest(lesson, mine[variant], ATTACKS[variant], named)


def _run(lesson: Lesson, digits: Digits, attack: Attack, name: tuple) -> None:
    """Attack all `digits`; after every part the report is kept and shown as progress, where Stop can end it."""
    total = 9 * len(digits)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Stop", icon=":material/stop:", key="walkthrough-stop", help="What is done so far is kept.")
        bar = st.progress(0.0, f"0 of {total} attacks")
    for report in evaluate_in_parts(lesson.network.module, digits, attack, digits_a_part=PART):
        _reports()[name] = report
        done = len(report.targets)
        bar.progress(done / total, f"{done} of {total} attacks, {percent(report.success_rate)} successful")
    st.rerun()


def _figures(reports: Mapping[str, Report], planned: int) -> str:
    """Return a table of what each rule achieved, every figure with its denominator."""
    rows = []
    for name, report in reports.items():
        count, successful = len(report.targets), int(report.result.success.sum())
        stopped = "" if count == planned else f" (stopped at {count} of {planned})"
        of_successful = f"{percent(report.mean_distortion_of_successful, 2)} of {successful}" if successful else "none"
        rows.append(
            f"| {name}{stopped} | {percent(report.success_rate)}, {successful} of {count} | "
            f"{percent(report.mean_distortion, 2)} of {count} | {of_successful} |"
        )
    head = "| Rule | Success | Mean distortion, all | Mean distortion, successful |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(rows)


def _accuracy(report: Report, variant: str) -> str:
    """Return what the attack does to the network's accuracy, as a sentence."""
    digits = len(report.targets) // (report.classes - 1)
    return (
        f"**Adversarial accuracy.** Untouched, the network reads {percent(report.untouched_accuracy)} of the {digits} "
        f"digits correctly. Of the {len(report.targets)} adversarial images that {variant} makes of them, failed "
        f"attacks included, it still reads {percent(report.adversarial_accuracy)} as their true digit. Success "
        "and this accuracy need not add up to 100 %: a failed attack may have led to a third digit."
    )


def _by_class(report: Report, variant: str, guess: tuple[int, int] | None) -> None:
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.markdown(f"**Success against γ**, {variant}")
        rows = [(at.gamma, at.success_rate) for at in report.at_budgets]
        said = ", ".join(f"{percent(share, 0)} at γ = {percent(gamma)}" for gamma, share in rows[::5])
        colour = colours()["target"]
        curve = {
            "data": [{"gamma": 100 * gamma, "share": 100 * share} for gamma, share in rows],
            "mark": {"type": "line", "color": colour, "point": {"color": colour}},
            "encoding": {
                "x": quantitative("gamma", title="Budget γ in %"),
                "y": quantitative("share", title="Success in %"),
            },
        }
        st.vega_lite_chart(curve, height=240, alt=f"Success by budget γ: {said}.")
        st.caption(
            f"Which share of the {len(report.targets)} attacks succeeds with less budget: {said}. At γ = 0 are those "
            "that the network reads as the target before any change."
        )
    with left:
        if guess is None:
            st.info("Lock in your prediction above, and the table by digit and target appears here.")
            return
        values = {
            "Success": report.success_by_source_and_target,
            "Mean distortion": report.distortion_by_source_and_target,
            "Hardness": report.hardness,
        }
        what = st.segmented_control(
            "By digit and target",
            values,
            default="Mean distortion",
            required=True,
            key="walkthrough-cells",
            help=TERMS["hardness"],
        )
        meaning = f"{what} by digit and target; the same numbers are in the table below."
        st.vega_lite_chart(_heat_map(report, values[what], what), alt=meaning)
        st.caption(MEANINGS[what])
        with st.expander("The same numbers as a table, a row a digit, a column a target"):
            classes = range(report.classes)
            table = {f"→ {t}": [_text(report, values[what], what, s, t) for s in classes] for t in classes}
            st.dataframe({"digit": classes} | table, hide_index=True)
        _compare(report, guess)


DECIMALS = {"Success": "{:.0f}", "Mean distortion": "{:.1f}", "Hardness": "{:.1f}"}
MEANINGS = {
    "Success": "In percent of the attacks on this digit towards this target.",
    "Mean distortion": "In percent of the pixels, over all attacks of the cell, failed ones included.",
    "Hardness": "The area under mean distortion as a function of success rate, in percent. Failing does not make a "
    "cell easy: each failed attack counts with the whole budget. ≥ marks cells where fewer than "
    f"{percent(COMPARABLE_SUCCESS, 0)} of the attacks succeed: there it is a lower bound.",
}


def _heat_map(report: Report, values: Tensor, what: str) -> dict[str, Any]:
    success, distortion = report.success_by_source_and_target, report.distortion_by_source_and_target
    counts = report.by_source_and_target(report.targets * 0 + 1)
    cells: list[dict[str, Any]] = [
        {
            "digit": source,
            "target": target,
            "value": 100 * float(values[source, target]),
            "number": _text(report, values, what, source, target),
            "success": f"{percent(float(success[source, target]), 0)}",
            "distortion": f"{percent(float(distortion[source, target]))}",
        }
        for source in range(report.classes)
        for target in range(report.classes)
        if not counts[source, target].isnan()
    ]
    shades, ours = amounts(max(cell["value"] for cell in cells) or 1), colours()
    scale = {"domain": shades.domain, "range": shades.range}
    ink = when(f"datum.value > {shades.strong}", ours["paper"], ours["ink"])
    tips = [nominal("success"), nominal("distortion", title="mean distortion")]
    return {
        "data": cells,
        "height": 360,
        "encoding": {
            "x": ordinal("target", title="target", axis={"labelAngle": 0}),
            "y": ordinal("digit", title="digit"),
            "tooltip": [ordinal("digit"), ordinal("target"), *tips],
        },
        "layer": [
            {"mark": "rect", "encoding": {"color": quantitative("value", scale=scale, legend=None)}},
            {"mark": {"type": "text", "fontSize": 11}, "encoding": {"text": nominal("number"), "color": ink}},
        ],
    }


def _text(report: Report, values: Tensor, what: str, source: int, target: int) -> str:
    """Return the number of a cell in percent, a dash where there was no attack."""
    success = float(report.success_by_source_and_target[source, target])
    if math.isnan(success):
        return "–"
    number = DECIMALS[what].format(100 * float(values[source, target]))
    return bounded(number, success) if what == "Hardness" else number


def _compare(report: Report, guess: tuple[int, int]) -> None:
    cell = report.hardest_classes
    tasks.note_first("hardest-classes", "{} → {}".format(*guess), "{} → {}".format(*cell))
    said = "as you said" if cell == guess else f"you said {guess[0]} → {guess[1]}: {_in_words(report, guess)}"
    st.markdown(
        f"**Hardest here: {cell[0]} → {cell[1]}**, {_in_words(report, cell)} ({said}). It has the largest hardness "
        f"in the table. With {SAMPLES} digits of a class this is a sketch; a thousand give a "
        "picture."
    )
    navigation.link_to("Evaluation", "Attack more digits on the page Evaluation", ":material/monitoring:")


def _in_words(report: Report, cell: tuple[int, int]) -> str:
    here = (report.sources == cell[0]) & (report.targets == cell[1])
    count = int(here.sum())
    if not count:
        return "not attacked yet"
    successful, distortion = int(report.result.success[here].sum()), float(report.distortion[here].mean())
    return f"{successful} of {count} succeed, {percent(distortion)} of the pixels changed on average"


def _open_hardest(lesson: Lesson, report: Report, attack: Attack, named: list[tuple[int, int]]) -> None:
    source, target = report.hardest_classes
    of_pair = (report.sources == source) & (report.targets == target)
    place = next(k for k in report.costliest_first.tolist() if of_pair[k])
    digit, sample = named[place // 9]
    if st.button("Open the hardest in the lab", icon=":material/open_in_new:", key="walkthrough-open-hardest"):
        navigation.open_in_lab(
            replace(
                lesson.choice,
                digit=digit,
                sample=sample,
                target=target,
                rule=attack.rule,
                output=attack.output,
                direction=attack.direction,
                theta=attack.theta,
                gamma=attack.gamma,
            )
        )


# --- Which classes β is made of ---------------------------------------------------------------------------


def _effort(lesson: Lesson) -> None:
    st.subheader("Which classes β is made of", anchor=False)
    plain = lesson.recording()
    if not plain.iterations:
        st.info(shown.NOTHING_TO_DO)
        return
    if not _predict_order(lesson):
        return
    told = _trace(lesson, PLAIN).analyses
    st.markdown(
        f"This part is about your digit and the target {plain.target} again. The paper's rule adds up all nine other "
        f"logits with the same weight. In this attack **{percent(negligible_share(told))} of what adds up to β** comes "
        f"from classes with a probability of less than {percent(NEGLIGIBLE_PROBABILITY)}: lowering them further does "
        "not help."
    )
    st.markdown(
        f"And in **{_raised(told)} of its {len(told)} steps** the chosen pair **raises** the target's leading rival, "
        "to first order: the most probable of the other classes. Switch the rule, and step through both attacks side "
        "by side."
    )
    variant = st.segmented_control(
        "Rule",
        BY_PROBABILITY,
        default=BY_PROBABILITY[0],
        required=True,
        key="walkthrough-switched",
        help=RULES_IN_WORDS,
    )
    traces = {name: _trace(lesson, name) for name in (PLAIN, variant)}
    both, words = st.columns(2, gap="large")
    with both:
        show_comparison(lesson.image, list(traces.values()))
    with words:
        for name in traces:
            st.markdown(f"**{name}**: {shown.end(lesson.recording(VARIANTS[name]))}.")
        st.markdown(_effort_table(traces))
        st.caption(
            "β as the rule weights it, its parts added up without their signs. The leading rival is the most probable "
            "class that is not the target."
        )


ORDERED = (*[name for name in MEASURED.values() if not METHODS[name].rule.weighs_by_probability], BY_PROBABILITY[0])
"""The three attacks whose order is predicted."""

TIE = "two or more of them equally few"


def fewest(traces: Mapping[str, Trace]) -> str:
    """Return the name of the attack that succeeds with the fewest pixels; TIE for several, or if none succeeds."""
    costs = {name: each.end.changed for name, each in traces.items() if each.success}
    best = [name for name, cost in costs.items() if cost == min(costs.values())]
    return best[0] if len(best) == 1 else TIE


def _predict_order(lesson: Lesson) -> bool:
    """Let the reader predict which of three attacks needs the fewest pixels; return whether that was done."""
    options = {name: name for name in ORDERED} | {TIE: TIE.capitalize()}
    locked = tasks.predict_one(
        "order-of-rules",
        lesson.subject,
        "Three attacks on your digit: which one needs the fewest pixels?",
        options,
        lambda: fewest({name: _trace(lesson, name) for name in ORDERED}),
    )
    if locked is None:
        return False
    traces = {name: _trace(lesson, name) for name in ORDERED}
    st.markdown(
        f"{tasks.verdict(*locked, options)}\n\n| Attack | pixels changed | how it ended |\n| --- | ---: | --- |\n"
        + "\n".join(f"| {name} | {each.end.changed} | {each.stop.value} |" for name, each in traces.items())
    )
    return True


def _trace(lesson: Lesson, name: str) -> Trace:
    """Return the attack by one of VARIANTS as the page Rules has it, with the same figures."""
    subject = (lesson.choice.data, lesson.network, lesson.position, lesson.choice.target)
    return trace(*subject, name, Attack().theta, Attack().gamma)


def _raised(told: list[Analysis]) -> int:
    return sum(step.raises_rival for step in told)


def _effort_table(traces: Mapping[str, Trace]) -> str:
    def row(title: str, cells: list[str]) -> str:
        return f"| {title} | {' | '.join(cells)} |"

    analyses = [each.analyses for each in traces.values()]
    return "\n".join(
        [
            row("In this attack", list(traces)),
            row("---", ["---:"] * len(traces)),
            row("pixels changed", [f"**{each.end.changed}**" for each in traces.values()]),
            row(
                f"β from classes under {percent(NEGLIGIBLE_PROBABILITY)}",
                [percent(negligible_share(told)) for told in analyses],
            ),
            row(
                "steps that raise the leading rival",
                [f"{_raised(told)} of {len(told)}" for told in analyses],
            ),
        ]
    )


def _whole_test_set() -> None:
    st.subheader("A whole test set", anchor=False)
    st.markdown(
        f"{REPORTED} The page Rules shows that line beside the results of each rule on the networks here, over all of "
        "MNIST's test digits."
    )
    navigation.link_to("Rules", "The full table on the page Rules", ":material/table:")


CHECKS: dict[str, tuple[str, tuple[Answer, ...]]] = {
    "hard-or-easy": (
        "From one digit to one target, 1 attack of 10 succeeds, with few pixels; the other 9 fail. Is this target "
        "easy?",
        (
            Answer(
                "Yes: the success was cheap",
                "There is one cheap success and nine failures: a mean over the successful attacks does not show the "
                "failures.",
            ),
            Answer(
                "No: a cost counts only beside the success that it bought",
                "Right. So hardness must not reward failure: an area under a short curve is small because the curve "
                "is short.",
                right=True,
            ),
            Answer("It depends on γ only", "γ is the same for all ten. What differs is how often it was enough."),
        ),
    ),
    "weighted-rule": (
        "Why does WJSMA usually need fewer pixels than JSMA on logits, though both differentiate logits?",
        (
            Answer(
                "Its β counts each class by its probability, so it lowers the leading classes",
                "Right. The plain β comes mostly from classes with a probability near 0, and its pair may raise the "
                "leading rival. On probabilities the derivative itself weights each class by its probability.",
                right=True,
            ),
            Answer("It changes more pixels at a time", "Both change two pixels at each iteration."),
            Answer("It computes more exact derivatives", "The derivatives are the same. Only their sum is weighted."),
        ),
    ),
    "denominators": (
        "Two reports, both with 90 % success. A: mean distortion 4 % over the successful attacks. B: mean distortion "
        "4 % over all attacks. Failed attacks have spent their whole budget of 14.5 %. Which attack is better?",
        (
            Answer(
                "A",
                "A leaves out its failures, which cost most. Counted over all attacks, its mean is higher than 4 %.",
            ),
            Answer(
                "B",
                "Right. B's 4 % hold its failures: 0.9 × x + 0.1 × 14.5 % = 4 % gives x = 2.8 % for its successes, "
                "where A needs 4 %.",
                right=True,
            ),
            Answer(
                "They are equal",
                "The two means divide by different numbers of attacks, so they cannot be compared as they stand.",
            ),
        ),
    ),
}
"""The questions of this chapter's end: by task, the text and the answers."""


def _check() -> None:
    tasks.questions(CHECKS)
