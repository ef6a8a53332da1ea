"""The lab: pick a digit and a target, step through the attack, see why each pair is chosen.

For every visitor this file runs as a script; the server, when it starts, imports it and takes `app`.
"""

import streamlit as st

from pages.ui import startup
from pages.ui.shared.classroom import service


def lab() -> None:
    """Choose, compute, show."""
    from pages.ui import frame, resources, session  # not above: torch would delay the server's start
    from pages.ui.formatting import step_in_words
    from pages.ui.lab import takeaway
    from pages.ui.networks import network
    from pages.ui.shared.classroom import bar
    from pages.ui.stage import stage

    choice, digits = frame.begin("The lab")
    position = int(digits.of_class(choice.digit)[choice.sample])
    recording = resources.recording(choice.data, network(choice.model), position, choice.target, choice.attack)

    bar.show()

    @st.fragment
    def show() -> None:
        start, visit = session.start_within(recording.iterations)
        session.show_notices()
        step, hidden = stage(recording, start, visit, choice.views, choice.predict)
        session.settle(step)
        bar.report(recording, step)
        st.markdown(step_in_words(recording, step, hidden))
        takeaway.offer(choice, position, step, recording)
        st.caption(frame.subject(choice))

    show()


if __name__ == "__main__":
    lab()
else:
    app = st.App(__file__, lifespan=startup.lifespan, routes=service.ROUTES)
