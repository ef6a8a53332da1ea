"""What the lab offers: the attack as files, and links to share."""

from dataclasses import replace

import streamlit as st

from jsma import Step, export
from jsma.adversarial import image_file
from jsma.stage import Recording
from jsma.stage.page import VIEWS
from pages.ui import address, resources, session
from pages.ui.choice import CONTROLS, OWN, Choice
from pages.ui.download import download
from pages.ui.formatting import an
from pages.ui.networks import network


def downloads(choice: Choice, index: int, step: int, recording: Recording) -> None:
    """Offer the attack as a page and as a GIF, `step` as a PNG, all steps as CSV; each is made when asked for."""

    image, module = resources.digits(choice.data).images[index], network(choice.model).module

    def steps() -> list[Step]:
        return list(choice.attack.steps(module, image, choice.target))

    def pixels(ending: str) -> bytes:
        return image_file(steps()[step].image, f"image{ending}")

    name = f"jsma-{choice.data}-{choice.digit}-to-{choice.target}"
    files = (
        ("Whole attack (HTML page)", f"{name}.html", "text/html", recording.to_html),
        ("Animation (GIF)", f"{name}.gif", "image/gif", recording.to_gif),
        ("This step (PNG)", f"{name}-step-{step}.png", "image/png", lambda: recording.to_png(step)),
        ("All steps (CSV)", f"{name}.csv", "text/csv", lambda: export.steps_csv(steps())),
        ("This image alone (PNG, 8 bits)", f"{name}-image-{step}.png", "image/png", lambda: pixels(".png")),
        ("This image alone (NumPy)", f"{name}-image-{step}.npy", "application/x-npy", lambda: pixels(".npy")),
    )
    for label, file, kind, make in files:
        alone = "-alone" if file.startswith(f"{name}-image-") else ""
        download(label, file, kind, make, key=f"download-{kind}{alone}")


def share(choice: Choice) -> None:
    """Let a teacher build a link that leaves out controls, shows some views only, or asks to predict first."""
    with st.popover("Share this set-up", icon=":material/share:"):
        st.markdown(
            "A link to this digit, target and step. What you leave out here is not shown to those who open the link."
        )
        if missing := not_carried(choice):
            st.warning(f"{missing} Those who open it see another one instead.", icon=":material/info:")
        hide = st.multiselect(
            "Leave out these controls", CONTROLS, choice.hide, format_func=CONTROLS.__getitem__, key="share-hide"
        )
        views = st.multiselect(
            "Show these views", VIEWS, choice.views, format_func=VIEWS.__getitem__, key="share-views"
        )
        can_predict = not views or "saliency" in views
        predict = st.checkbox(
            "Predict first: hide the next pair",
            choice.predict and can_predict,
            key="share-predict",
            disabled=not can_predict,
            help="It needs the view 2 Saliency, in which the prediction is made and revealed.",
        )
        shared = replace(choice, hide=tuple(hide), views=tuple(views) or tuple(VIEWS), predict=predict and can_predict)
        st.markdown(f"They see: {preview(shared)}.")
        st.code(address.to_lab(shared.to_url()), language=None, wrap_lines=True)


def not_carried(choice: Choice) -> str:
    """Return a sentence on what of `choice` stays in this browser; empty where a link carries all of it."""
    own = [what for what, name in (("digit", choice.data), ("network", choice.model)) if name == OWN]
    return f"The link cannot carry your own {' and your own '.join(own)}: only this browser has it." if own else ""


def preview(shared: Choice) -> str:
    """Return in words what those who open the link see."""
    parts = [
        f"{an(shared.digit)} to be read as {an(shared.target)}, at step {shared.step}",
        "all views"
        if set(shared.views) == set(VIEWS)
        else f"the views {', '.join(VIEWS[name] for name in shared.views)}",
    ]
    if shared.hide:
        parts.append(f"no {' or '.join(CONTROLS[name] for name in shared.hide)} to choose")
    if shared.predict:
        parts.append("the next pair hidden until they predict it")
    return "; ".join(parts)


def offer(choice: Choice, index: int, step: int, recording: Recording) -> None:
    """Draw the row of downloads and the share panel."""
    with st.container(horizontal=True, key="takeaway"):
        share(replace(session.requested(), step=step))
        downloads(choice, index, step, recording)
