"""A class together: the teacher chooses what all screens show; students follow, predict and answer; one reveal."""

from pages.ui import frame, session
from pages.ui.classroom import entrance, student, teacher
from pages.ui.shared.classroom import membership
from pages.ui.shared.classroom.activities import Option, Question
from pages.ui.walkthrough import defending, judgement, perturbation, quiz, saliency

QUESTIONS = {
    task: Question(text, tuple(Option(*answer) for answer in answers))
    for table in (quiz.QUESTIONS, saliency.CHECKS, perturbation.CHECKS, judgement.CHECKS, defending.CHECKS)
    for task, (text, answers) in table.items()
}

try:
    choice, _ = frame.begin("Class", controls_for=membership.is_teacher)
    member = membership.current()
    membership.remember()
    session.publish()
    if member is None:
        frame.heading("Class", choice)
        entrance.show()
    elif member.teacher:
        teacher.show(member, choice, QUESTIONS)
    else:
        student.show(member, QUESTIONS)
except OSError as problem:
    entrance.unavailable(problem)
