"""The lab's script, run by Streamlit's own test harness: what Python shows and remembers."""

import pytest

import jsma
from tests.helpers.app import opened, parameter, words


def test_opens_on_an_attack_in_words_and_numbers(app):
    app.run()
    assert not app.exception
    assert "Iteration 0 of" in words(app)
    digits = jsma.load_uci_digits()
    image = digits.images[digits.of_class(0)[0]]
    pair = next(jsma.Attack().steps(jsma.load_model(), image, 2)).pair
    assert f"**{pair.score:.3f}**" in words(app)
    assert f"row {pair.first // 28}, column {pair.first % 28}" in words(app)


def test_choices_reach_the_address_and_the_widgets(app):
    app.run()
    app.button(key="digit-7").click().run()
    app.button(key="target-3").click().run()
    app.selectbox(key="widget-model").select("lenet").run()
    app.slider(key="widget-gamma").set_value(0.1).run()
    assert not app.exception
    chosen = {name: parameter(app, name) for name in ("digit", "target", "model", "gamma", "step")}
    assert chosen == {"digit": "7", "target": "3", "model": "lenet", "gamma": "0.1", "step": "0"}
    assert app.button(key="target-7").disabled
    assert not app.button(key="target-3").disabled


def test_the_target_moves_away_when_its_digit_becomes_the_source(app):
    app.run()
    app.button(key="digit-2").click().run()
    assert not app.exception
    assert (parameter(app, "digit"), parameter(app, "target")) == ("2", "3")


def test_a_link_sets_every_control(app):
    link = {"digit": "5", "sample": "7", "target": "8", "model": "lenet", "output": "probabilities"}
    link |= {"direction": "decrease", "theta": "0.3", "gamma": "0.05", "step": "2"}
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.warning
    assert app.selectbox(key="widget-model").value == "lenet"
    assert app.slider(key="widget-theta").value == pytest.approx(0.3)
    assert "Iteration 2 of" in words(app)
    assert "get darker" in words(app)
    assert {name: parameter(app, name) for name in link} == link


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data", "imagenet"),
        ("model", "../../etc/passwd"),
        ("digit", "-1"),
        ("digit", "１"),
        ("sample", "1e3"),
        ("target", ""),
        ("theta", "inf"),
        ("theta", "0"),
        ("gamma", "0.9"),
        ("output", "LOGITS"),
        ("direction", "<b>up</b>"),
        ("step", "9" * 400),
    ],
)
def test_nonsense_falls_back_to_the_default_with_a_notice(app, name, value):
    app.query_params[name] = value
    app.run()
    assert not app.exception
    assert len(app.warning) == 1
    assert name in app.warning[0].value
    assert "Iteration 0 of" in words(app)


def test_a_digit_already_read_as_the_target_is_not_touched(misread):
    app = opened(**misread)
    assert "Iteration 0 of 0" in words(app)
    assert "Nothing to do" in words(app)


def test_missing_mnist_is_explained_and_the_built_in_digits_stand_in(app):
    app.query_params["data"] = "mnist"
    app.run()
    assert not app.exception
    assert any("No MNIST in" in caption.value for caption in app.caption)
    assert app.button(key="download")
    assert "Iteration 0 of" in words(app)


def test_a_failing_download_is_told_and_changes_nothing(app, monkeypatch):
    def no_network(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("jsma.data.urlopen", no_network)
    app.query_params["data"] = "mnist"
    app.run()
    app.button(key="download").click().run()
    assert not app.exception
    assert "no route to host" in app.error[0].value
    assert "Iteration 0 of" in words(app)


def test_mnist_is_used_where_it_is(mnist, monkeypatch):
    monkeypatch.undo()
    app = opened(data="mnist", sample=900)
    assert not app.warning
    assert f"of {len(mnist.of_class(0))}" in "\n".join(caption.value for caption in app.caption)


def test_the_samples_that_the_network_misreads_are_marked(app):
    digits, model = jsma.load_uci_digits(), jsma.load_model()
    app.query_params["digit"], app.query_params["target"] = "1", "7"
    app.run()
    assert not app.exception
    reads = model(digits.images[digits.of_class(1)[:6]]).argmax(1).tolist()
    assert reads[1] == 4
    assert 1 in reads
    labels = [app.button(key=f"tile-sample-{k}").label for k in range(6)]
    assert labels == [
        f"Sample {k + 1}" + ("" if reads[k] == 1 else f", misread as {'an' if reads[k] == 8 else 'a'} {reads[k]}")
        for k in range(6)
    ]
    (style,) = [each.value for each in app.get("html") if "tile-sample-1" in str(each.value)]
    assert [f'tile-sample-{k} button::after {{ content: "→ {reads[k]}"' in style for k in range(6)] == [
        each != 1 for each in reads
    ]


def test_the_share_panel_says_what_those_who_open_the_link_see_and_offers_no_prediction_without_its_view(app):
    app.run()
    said = "a 0 to be read as a 2, at step 0"
    assert f"They see: {said}; all views." in words(app)
    app.checkbox(key="share-predict").check().run()
    assert "until they predict it" in words(app)
    app.multiselect(key="share-views").set_value(["picture", "perturb"]).run()
    assert app.checkbox(key="share-predict").disabled
    assert f"They see: {said}; the views The picture, 3 Perturb." in words(app)
    assert "predict=1" not in app.code[0].value


def test_where_the_network_is_damaged_the_samples_are_shown_without_marks(app, monkeypatch):
    from pages.ui import controls

    monkeypatch.setattr(controls.networks, "loaded", lambda name: None)
    app.query_params["digit"], app.query_params["target"] = "1", "7"
    app.run()
    assert not app.exception
    assert app.button(key="tile-sample-1").label == "Sample 2"


def test_clicks_count_that_the_browser_sends_before_the_address_of_an_earlier_one_has_reached_it(app):
    app.query_params["digit"], app.query_params["target"] = "7", "3"
    app.run()
    before = dict(app.query_params)
    app.button(key="digit-4").click().run()
    for click in (lambda: app.button(key="target-9").click(), lambda: app.checkbox(key="share-predict").check()):
        app.query_params.clear()
        for name, value in before.items():
            app.query_params[name] = value
        click().run()
        assert (app.session_state.choice.digit, app.session_state.choice.target) == (4, 9)


def test_an_address_that_is_new_is_followed_on_the_same_page_too(app):
    app.run()
    app.query_params["digit"], app.query_params["target"] = "6", "1"
    app.run()
    assert (app.session_state.choice.digit, app.session_state.choice.target) == (6, 1)
    app.button(key="digit-4").click().run()
    assert app.session_state.choice.digit == 4
