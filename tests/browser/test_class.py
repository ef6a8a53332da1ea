"""A teacher and three students in a class, each in a browser of their own."""

import json
import re
from urllib.request import urlopen

import pytest

from benchmarks.driving import Lab, start_server, wait_for_answer
from tests.browser.test_servers import server_of, start_nginx
from tests.helpers.postgres import postgres  # noqa: F401, a fixture

pytestmark = pytest.mark.slow

PICKS = '<div class="class-board"'
"""How the picture with picks begins in what the server sends."""


class Member:
    """A window of the page Class, with what its visitor sees and does."""

    def __init__(self, context, address: str) -> None:
        self.context, self.page, self.address = context, context.new_page(), address
        self.page.set_default_timeout(120_000)
        self.sent: list[str] = []
        self.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: self.sent.append(str(frame))))

    def open(self, link: str) -> "Member":
        self.page.goto(f"{self.address}/{link}")
        return self

    def press(self, key: str) -> "Member":
        self.page.locator(f".st-key-class-{key} button").click()
        return self

    def sees(self, text: str | re.Pattern) -> "Member":
        self.page.get_by_text(text).first.wait_for()
        return self

    def join(self, code: str) -> "Member":
        self.open(f"Class?class={code}").press("join-link")
        return self.sees("You are participant")

    @property
    def number(self) -> str:
        return re.search(r"participant (\d{6})", self.page.get_by_text("You are participant").inner_text())[1]

    def at_step(self, step: int) -> "Member":
        self.page.locator(f"[data-testid=stage][data-iteration='{step}']").wait_for()
        return self

    def pick(self, *pixels: tuple[int, int]) -> "Member":
        """Pick pixels (row, column) of a 28 × 28 picture."""
        board = self.page.locator(".picker .board").first
        board.wait_for()
        for number, (row, column) in enumerate(pixels, start=1):
            box = board.bounding_box()
            side = box["width"] / 28
            board.click(position={"x": (column + 0.5) * side, "y": (row + 0.5) * side})
            self.page.locator(".picker figure").first.locator("i.pick").nth(number - 1).wait_for()
        return self

    def send(self) -> "Member":
        self.page.locator("[class*=st-key-class-send] button:enabled").click()
        return self

    def cannot_send(self) -> None:
        """Wait until what was drawn before is gone; fails if the button to send stays."""
        self.page.locator("[class*=st-key-class-send]").first.wait_for(state="detached")


@pytest.fixture
def school(chromium, tmp_path):
    """A server whose classes are in a file of their own, and a function that lets one more visitor in."""
    environment = {"JSMA_DATABASE_URL": f"sqlite:///{tmp_path}/classes.sqlite", "JSMA_DATA_DIR": str(tmp_path)}
    process, address = start_server(environment)
    contexts = []

    def enter() -> Member:
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 800}))
        return Member(contexts[-1], address)

    yield enter
    for context in contexts:
        context.close()
    process.kill()
    process.wait()


def test_a_class_from_the_lab_to_the_last_reveal(school):
    """Follow, Predict, Question and Explore; a late comer, a lost connection, F5, and what must not be possible."""
    teacher, one, two, late = (school() for _ in range(4))
    lab = Lab(teacher.page, teacher.address).open("?digit=7&target=3")

    # From the lab to the predictions on the projector: these two clicks, and below Predict and Show the picks.
    lab.page.get_by_role("link", name="Class", exact=True).click()
    teacher.press("open")
    code = teacher.page.locator(".class-code").inner_text().replace(" ", "")
    one.join(code).sees("You are in.")
    two.join(code)
    assert one.number != two.number
    teacher.sees("2 here")

    # Follow: every stage shows the teacher's step.
    teacher.press("follow")
    one.at_step(0)
    teacher.page.get_by_test_id("stage-step").click()
    teacher.page.get_by_test_id("stage-step").click()
    for student in (one, two):
        student.at_step(2)

    # Predict. A late comer lands in it; who reloads the page is the same participant and has picked already.
    teacher.press("predict")
    one.pick((3, 4), (5, 6)).send().sees("Your pick is sent")
    late.join(code).sees("Which two pixels are changed next?")
    number = one.number
    one.page.reload()
    one.sees("Your pick is sent")
    assert one.number == number
    one.cannot_send()
    teacher.sees("1 of 3 have answered").press("show").sees("Where do you agree, and why?")

    # Before the reveal nothing of it is sent to another student's browser, by page or by pulse.
    told = json.loads(urlopen(f"{one.address}/classroom?code={code}").read())
    assert set(told) == {"version", "answered", "here"}
    assert two.page.locator(".class-board").count() == 0
    assert not any(PICKS in frame for frame in two.sent)

    # Without a connection the reveal is missed; with it, it is there.
    late.context.set_offline(True)
    two.pick((7, 10), (7, 12)).send().sees("Your pick is sent")
    teacher.sees("2 of 3 have answered").press("reveal")
    for student in (one, two):
        student.sees("found the best pair")
    assert any(PICKS in frame for frame in two.sent)
    one.sees("Your pair")
    two.sees("(you)")
    late.context.set_offline(False)
    late.sees("found the best pair")
    late.cannot_send()

    # Question: the first answer counts; a second window of the same browser is the same participant.
    teacher.press("question")
    one.page.get_by_test_id("stRadioOption").nth(1).click()
    twin = Member(one.context, one.address).open(f"Class?class={code}").sees("You are participant")
    assert twin.number == number
    twin.page.get_by_test_id("stRadioOption").nth(0).click()
    one.send().sees("Your answer is sent")
    twin.page.locator("[class*=st-key-class-send] button").click()
    twin.sees("The second")
    teacher.sees("1 of 3 have answered").press("reveal")
    teacher.sees("1 of 1")
    two.sees("2 × 1.5 = 3 against")

    # A student who knows code and number is no teacher.
    cheat = Member(two.context, two.address).open(f"Class?class={code}&teacher={'x' * 22}")
    cheat.sees("not that of a teacher")
    assert cheat.page.locator(".st-key-class-reveal, .st-key-class-end").count() == 0
    cheat.open("_stcore/health")  # where no page of the app keeps what is true in the place of what is made up
    cheat.page.evaluate(
        "code => localStorage.setItem('jsma class', JSON.stringify({ code, secret: 'x'.repeat(22), token: '', "
        "number: 0, here: true }))",
        code,
    )
    cheat.open(f"Class?class={code}").page.locator(".st-key-class-join-link button").wait_for()
    assert cheat.page.locator(".st-key-class-reveal, .st-key-class-end").count() == 0

    # Explore: counted, and the way back into the class from the lab.
    teacher.press("explore")
    late.page.get_by_text("Open the lab").click()
    late.sees("explore: what you try here is counted")
    late.page.get_by_test_id("stage-end").click()
    teacher.sees("Seen to reach their target: 1")
    teacher.press("predict")
    late.sees("the class predicts a pair").page.get_by_text("Go to the class").click()
    late.sees("Which two pixels are changed next?").press("leave").sees("For students")
    teacher.press("follow")
    one.page.get_by_test_id("stage").wait_for()


@pytest.fixture
def two_servers(chromium, postgres, tmp_path):  # noqa: F811
    """Two servers behind nginx that share a PostgreSQL: (a function that lets one more visitor in, servers by port)."""
    started = [start_server({"JSMA_DATABASE_URL": postgres, "JSMA_DATA_DIR": str(tmp_path)}) for _ in range(2)]
    servers = {int(address.rsplit(":", 1)[1]): process for process, address in started}
    nginx, port = start_nginx(tmp_path, list(servers))
    contexts = []

    def enter() -> Member:
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 800}))
        return Member(contexts[-1], f"http://127.0.0.1:{port}")

    try:
        wait_for_answer(f"http://127.0.0.1:{port}")
        yield enter, servers
    finally:
        for context in contexts:
            context.close()
        for process in (nginx, *servers.values()):
            process.kill()
            process.wait()


def test_two_servers_serve_one_class_and_one_that_is_killed_loses_no_pick(two_servers, tmp_path):
    (enter, servers), log = two_servers, tmp_path / "access.log"

    def server_for(member: Member) -> int:
        return server_of(Lab(member.page, member.address), log)

    teacher = enter().open("Class?digit=7&target=3").press("open")
    code = teacher.page.locator(".class-code").inner_text().replace(" ", "")
    here = server_for(teacher)
    students = [enter().join(code)]
    while len(students) < 20 and server_for(students[-1]) == here:  # it takes two or three as a rule
        students.append(enter().join(code))
    there = server_for(students[-1])
    assert {here, there} == set(servers)
    far = students[-1]

    teacher.press("predict")
    far.pick((3, 4), (5, 6)).send().sees("Your pick is sent")
    number = far.number
    servers[there].kill()
    servers[there].wait()
    far.page.locator("[data-test-connection-state=CONNECTED]").wait_for(state="detached")
    near = enter().join(code).pick((7, 10), (7, 12)).send().sees("Your pick is sent")
    teacher.sees(re.compile("2 of .* have answered")).press("reveal")
    near.sees("found the best pair").sees("of 2")
    far.sees("found the best pair").sees("Your pair")
    assert far.number == number
