"""Links: what is written is read back, and what makes no sense is told and replaced."""

import random
from dataclasses import fields, replace

import pytest

from jsma import Attack, Direction, Output, Rule
from pages.ui.choice import CONTROLS, VIEWS, Choice, data_labels, from_url, model_names


def made_up(dice: random.Random) -> Choice:
    digit = dice.randrange(10)
    views = tuple(dice.sample(list(VIEWS), dice.randint(1, len(VIEWS))))
    model, reader = dice.sample(["", *model_names()], 2)
    return Choice(
        data=dice.choice(list(data_labels())),
        model=model or Choice.model,
        reader=reader if reader != (model or Choice.model) else "",
        digit=digit,
        sample=dice.randrange(10_000),
        target=dice.choice([target for target in range(10) if target != digit]),
        rule=dice.choice(list(Rule)),
        output=dice.choice(list(Output)),
        direction=dice.choice(list(Direction)),
        theta=dice.randint(5, 100) / 100,
        gamma=dice.randint(5, 145) / 1000,
        step=dice.randrange(10_000),
        hide=tuple(dice.sample(list(CONTROLS), dice.randrange(4))),
        views=views,
        predict="saliency" in views and dice.random() < 0.5,
    )


def test_a_link_leads_back_to_the_choice_it_was_made_from():
    dice = random.Random(0)
    for _ in range(500):
        choice = made_up(dice)
        link = choice.to_url()
        assert all(isinstance(value, str) for value in link.values())
        assert from_url(link) == (choice, [])


def test_different_choices_have_different_links():
    dice = random.Random(1)
    choices = {made_up(dice) for _ in range(300)}
    assert len({tuple(choice.to_url().items()) for choice in choices}) == len(choices)


@pytest.mark.parametrize("name", ["theta", "gamma"])
@pytest.mark.parametrize("text", ["0.1234567", "0.14285715", "0.111111111111"])  # γ = 0.142857 pays for a pair less
def test_a_link_that_is_read_and_shared_again_stays_the_same_attack(name, text):
    choice, notices = from_url({name: text})
    assert notices == []
    assert getattr(choice, name) == float(text)
    assert from_url(choice.to_url())[0] == choice


def test_no_parameters_are_the_defaults():
    assert from_url({}) == (Choice(), [])


def test_what_is_missing_takes_its_default_and_unknown_names_are_ignored():
    choice, notices = from_url({"digit": "7", "utm_source": "mail", "": "x"})
    assert choice == Choice(digit=7)
    assert notices == []


def test_the_defaults_attack_another_digit_than_the_target():
    assert Choice().target != Choice().digit
    assert Choice().attack == Attack()


WHOLE = [
    "",
    " ",
    "x",
    "-1",
    "+1",
    "1.5",
    "1e1",
    "0x1",
    "٣",
    "３",
    "²",
    "①",
    "9" * 7,
    "9" * 5000,
    "1 2",
    " 1",
    "nan",
    "None",
]
SHARE = [
    "",
    "x",
    "nan",
    "inf",
    "-inf",
    "-0.5",
    "0",
    "1.01",
    "1e9",
    "1e-9",
    "0," + "5",
    "9" * 5000,
    "0." + "1" * 30,
    "½",
]
NONSENSE = {
    "data": ["", "cifar", "UCI", "uci ", "../mnist"],
    "model": ["", "resnet", "Lenet"],
    "digit": [*WHOLE, "10"],
    "sample": [*WHOLE, "10000"],
    "target": [*WHOLE, "10"],
    "rule": ["", "JSMA", "Rule.JSMA", "fgsm"],
    "output": ["", "softmax"],
    "direction": ["", "up", "INCREASE", "1"],
    "theta": [*SHARE, "0.04"],
    "gamma": [*SHARE, "0.004", "0.146", "1"],
    "step": [*WHOLE, "10000"],
    "hide": ["everything", "theta;gamma", "theta, gamma", "theta,theta", "theta,", ",", "Theta", "x" * 5000],
    "views": ["", "all", "picture,picture", "jacobian,saliency,all", ",", "x," * 3000],
    "predict": ["", "yes", "true", "True", "2", "01", "-1", "１"],
    "reader": ["", "none", "resnet", "Lenet"],
}


DEFAULTS = {
    "data": "uci",
    "model": "tutorial",
    "digit": "0",
    "sample": "0",
    "target": "2",
    "rule": "jsma",
    "output": "logits",
    "direction": "increase",
    "theta": "1",
    "gamma": "0.145",
    "step": "0",
    "hide": "none",
    "views": "picture,reading,jacobian,map,saliency,perturb",
    "predict": "0",
    "reader": "none",
}


def test_there_is_nonsense_for_everything_a_link_carries():
    assert list(NONSENSE) == [field.name for field in fields(Choice)]


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_takes_the_default_and_gets_one_notice(name):
    for text in NONSENSE[name]:
        choice, notices = from_url({name: text})
        assert choice == Choice(), text
        (notice,) = notices
        assert name in notice
        assert text[:24] in notice
        assert notice.endswith(f"Using {DEFAULTS[name]}.")
        assert len(notice) < 250


def test_each_piece_of_nonsense_gets_its_own_notice_and_the_rest_is_kept():
    choice, notices = from_url({"digit": "ten", "theta": "2", "rule": "tjsma", "step": "-1", "sample": "4"})
    assert choice == Choice(rule=Rule.TJSMA, sample=4)
    assert len(notices) == 3


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("digit", ["0", "9", "07"]),
        ("sample", ["0", "9999"]),
        ("theta", ["0.05", "1", "1.0", "0.3"]),
        ("gamma", ["0.005", "0.1", "0.145"]),
        ("step", ["0", "56", "9999"]),
    ],
)
def test_the_ends_of_every_range_are_accepted(name, texts):
    for text in texts:
        choice, notices = from_url({name: text})
        assert notices == []
        assert getattr(choice, name) == float(text)


def test_a_teachers_switches_are_read_in_the_order_they_come():
    choice, notices = from_url({"hide": "theta,data", "views": "saliency,picture", "predict": "1"})
    assert (choice.hide, choice.views, choice.predict) == (("theta", "data"), ("saliency", "picture"), True)
    assert notices == []
    assert from_url({"hide": "", "predict": "0"}) == (Choice(), [])


def test_nothing_is_to_be_predicted_without_the_view_that_shows_it():
    choice, notices = from_url({"views": "perturb,picture", "predict": "1"})
    assert not choice.predict
    assert "2 Saliency" in notices[0]


def test_a_link_without_a_teachers_switches_does_not_name_them():
    assert not {"hide", "views", "predict"} & set(Choice(digit=3).to_url())
    assert Choice(predict=True).to_url()["predict"] == "1"


def test_attacks_are_not_shown_to_the_network_that_they_are_made_for():
    choice, notices = from_url({"model": "lenet", "reader": "lenet"})
    assert choice == Choice(model="lenet")
    assert notices == ["The link asks to show the attacks to the network that they are made for. Showing them to none."]
    assert from_url({"reader": "lenet"}) == (Choice(reader="lenet"), [])
    assert "reader" not in Choice().to_url()


@pytest.mark.parametrize("digit", range(10))
def test_a_target_that_is_the_digit_is_replaced_with_one_notice_and_the_sample_kept(digit):
    choice, notices = from_url({"digit": str(digit), "target": str(digit), "sample": "5", "step": "3"})
    assert (choice.digit, choice.sample, choice.step) == (digit, 5, 3)
    assert choice.target != digit
    (notice,) = notices
    assert f"A{'n' if digit == 8 else ''} {digit} cannot be attacked towards {digit}" in notice
    assert f"the target {choice.target}." in notice


def test_another_digit_starts_at_its_first_sample_with_a_target_that_differs():
    choice = Choice(digit=3, sample=8, target=5, rule=Rule.WJSMA, theta=0.5, step=4)
    assert choice.with_digit(7) == replace(choice, digit=7, sample=0)
    for digit in range(10):
        assert choice.with_digit(digit).target != digit
    assert choice.with_digit(5).target in range(10)
    assert Choice(digit=1, target=9).with_digit(9).target in range(9)


def test_any_text_at_all_gives_a_choice_that_can_be_attacked():
    dice = random.Random(2)
    pieces = ["", "-", "+", ".", "0", "1", "5", "9", "e", "0.5", "１", "٣", "²", "nan", "inf", "uci", "jsma", "lenet"]
    pieces += [
        "logits",
        "both",
        "\0",
        "\n",
        " ",
        "%",
        "<b>",
        "“",
        "\ud800",
        "😀",
        "_",
        ",",
        "theta",
        "picture",
        "9" * 400,
    ]
    names = [field.name for field in fields(Choice)] + ["other"]
    accepted = 0
    for _ in range(5000):
        chosen = dice.sample(names, dice.randrange(len(names)))
        link = {name: "".join(dice.choices(pieces, k=dice.randrange(4))) for name in chosen}
        choice, notices = from_url(link)
        assert choice.target != choice.digit
        assert isinstance(choice.attack, Attack)
        assert choice.data in data_labels()
        assert choice.model in model_names()
        assert {choice.digit, choice.target} <= set(range(10))
        assert {choice.sample, choice.step} <= set(range(10_000))
        assert 0.05 <= choice.theta <= 1
        assert 0.005 <= choice.gamma <= 0.145
        assert set(choice.hide) <= set(CONTROLS)
        assert set() < set(choice.views) <= set(VIEWS)
        assert len(notices) <= len(link) + 1
        assert from_url(choice.to_url())[1] == []
        accepted += sum(name in link for name in names[:-1]) - len(notices)
    assert accepted > 300
