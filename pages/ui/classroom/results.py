"""What a class has answered, as a table to save."""

import csv
import io
from collections.abc import Mapping

from pages.ui.classroom.picks import Ranking
from pages.ui.shared.classroom.activities import Activity, Question, activity_of
from pages.ui.shared.classroom.store import Answer, Round
from pages.ui.shared.classroom.subject import subject

COLUMNS = ("round", "activity", "subject", "revealed", "participant", "answer", "right", "rank")


def as_csv(rounds: list[Round], answers: list[Answer], questions: Mapping[str, Question]) -> str:
    """Return all answers, a row each, in the order of the rounds; a round without answers has none.

    rank: of a predicted pair among the admissible ones, empty where it is not admissible.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for each in rounds:
        describe = _describe(each, questions)
        for answer in (answer for answer in answers if answer.round == each.number):
            said = describe(answer)
            table.writerow([each.number, each.kind, each.setting, int(each.revealed), answer.number, *said])
    return file.getvalue()


def _describe(each: Round, questions: Mapping[str, Question]):
    """Return a function that gives what an answer says, whether it is right, and its rank."""
    match activity_of(each.kind):
        case Activity.PREDICT:
            asked = subject(each.setting)
            ranking, width = Ranking(asked.recording, asked.step), asked.recording.width

            def predicted(answer: Answer) -> tuple:
                pair = answer.first, answer.second
                places = " and ".join("row {} column {}".format(*divmod(pixel, width)) for pixel in pair)
                rank = ranking.of(pair)
                return places, int(pair == ranking.best), "" if rank is None else rank

            return predicted
        case Activity.QUESTION if each.setting in questions:
            options = questions[each.setting].options
            return lambda answer: (options[answer.first].text, int(options[answer.first].right), "")
        case Activity.EXPLORE:
            return lambda answer: (f"{answer.first} attacks, {answer.second} reached the target", "", "")
    return lambda answer: (answer.first, "", "")
