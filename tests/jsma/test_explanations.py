"""The maps that explain an answer: against what defines them, against loops, and on networks worked out by hand."""

import re
import sys

import pytest
import torch
from torch import nn

import jsma
from jsma import Attack, Direction, best_pair, jacobian, saliency_map
from jsma.explanations import MAPS, STRIDE, WINDOW, CaptumMissing, Change, Question, explain, last_map_layer, maps_of
from jsma.glossary import TERMS

SHAPE = (1, 8, 8)


@pytest.fixture
def small() -> nn.Module:
    """A small network with two convolutions for pictures of 8 x 8, in float64."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        layers = nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(64, 3)
    return nn.Sequential(*layers).double().eval()


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand(SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def logit(model: nn.Module, image: torch.Tensor, label: int) -> float:
    with torch.no_grad():
        return float(model(image[None])[0, label])


def test_integrated_gradients_add_up_to_the_difference_of_the_two_logits(small, picture):
    for baseline in (0.0, 0.5, 1.0):
        found = explain("integrated", small, picture, Question(1, 2, baseline, samples=100))
        difference = logit(small, picture, 1) - logit(small, torch.full_like(picture, baseline), 1)
        assert float(found.sum()) == pytest.approx(difference, abs=1e-4)


def test_on_a_linear_network_gradient_times_input_is_integrated_gradients_from_black(linear, picture):
    weights = torch.rand(3, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 0.5
    model, question = linear(weights, [0, 1, 2], torch.float64), Question(2, 0)
    expected = picture * weights[2].view(SHAPE)
    torch.testing.assert_close(explain("input", model, picture, question), expected)
    torch.testing.assert_close(explain("integrated", model, picture, question), expected)
    torch.testing.assert_close(explain("gradient", model, picture, question), weights[2].view(SHAPE).abs())


def test_the_gradient_is_that_of_the_jacobian(small, picture):
    found = explain("gradient", small, picture, Question(1, 0))
    torch.testing.assert_close(found, jacobian(small, picture[None])[0, 1].abs())


def test_smoothgrad_is_the_mean_of_gradients_and_without_noise_to_speak_of_the_gradient(small, picture, monkeypatch):
    monkeypatch.setattr("jsma.explanations.NOISE", 1e-9)
    gradient = explain("gradient", small, picture, Question(1, 0))
    torch.testing.assert_close(explain("smooth", small, picture, Question(1, 0, samples=70)), gradient)
    monkeypatch.undo()
    noise = 0.15 * torch.randn(70, *SHAPE, generator=torch.Generator().manual_seed(0))
    by_loop = sum(_gradient_at(small, picture + each, 1) for each in noise.double()) / 70
    torch.testing.assert_close(explain("smooth", small, picture, Question(1, 0, samples=70)), by_loop.abs())


def _gradient_at(model: nn.Module, image: torch.Tensor, label: int) -> torch.Tensor:
    leaf = image.clone().requires_grad_()
    return torch.autograd.grad(model(leaf[None])[0, label], leaf)[0]


@pytest.mark.parametrize("baseline", [0.0, 0.5])
def test_occlusion_is_what_loops_find(small, picture, baseline):
    fallen, over = torch.zeros(8, 8).double(), torch.zeros(8, 8).double()
    for row in range(0, 8 - WINDOW + 1, STRIDE):
        for column in range(0, 8 - WINDOW + 1, STRIDE):
            covered, place = picture.clone(), (slice(row, row + WINDOW), slice(column, column + WINDOW))
            covered[0][place] = baseline
            fallen[place] += logit(small, picture, 1) - logit(small, covered, 1)
            over[place] += 1
    found = explain("occlusion", small, picture, Question(1, 0, baseline))
    torch.testing.assert_close(found[0], fallen / over)


def test_grad_cam_is_its_formula(small, picture):
    maps = small[:3](picture[None]).detach().requires_grad_()  # (1, 4, 4, 4), of the last convolution
    (slopes,) = torch.autograd.grad(small[3:](maps)[0, 1], maps)
    expected = (slopes.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).clamp(min=0)
    larger = nn.functional.interpolate(expected, SHAPE[1:], mode="bilinear")
    torch.testing.assert_close(explain("grad-cam", small, picture, Question(1, 0)), larger[0].detach())


@pytest.mark.parametrize(("name", "size"), [("tutorial", (5, 5)), ("lenet", (8, 8))])
def test_grad_cam_takes_the_last_convolution_that_gives_more_than_one_value_a_map(uci, name, size):
    assert last_map_layer(jsma.load_model(name), uci.images[:1])[1] == size


def test_the_attacks_map_is_the_saliency_map_with_partners_of_its_first_step(uci):
    model, image = jsma.load_model(), uci.images[0]
    step = next(Attack().steps(model, image, 2))
    values = explain("attack", model, image, Question(0, 2)).flatten()
    arguments = step.target_gradient[None], step.others_gradient[None], step.domain[None], Direction.INCREASE
    torch.testing.assert_close(values, saliency_map(*arguments, partners=True)[0])
    assert values.max() == values[step.pair.first] == values[step.pair.second]
    assert float(best_pair(*arguments).score) == pytest.approx(float(values.max()))


def test_where_bright_pixels_turn_black_the_attacks_map_darkens_them(uci):
    model, image = jsma.load_model(), uci.images[0]
    step = next(Attack().steps(model, image, 2))
    a, b, dark = step.target_gradient[None], step.others_gradient[None], (image < 0.5).view(1, -1)
    both = saliency_map(a, b, dark, Direction.INCREASE, True) + saliency_map(a, b, ~dark, Direction.DECREASE, True)
    values = explain("attack", model, image, Question(0, 2, change=Change.FAR_END)).view(1, -1)
    torch.testing.assert_close(values, both)
    assert values[~dark].any()
    assert not explain("attack", model, image, Question(0, 2)).view(1, -1)[image.view(1, -1) == 1].any()


@pytest.mark.parametrize("name", MAPS)
def test_every_map_keeps_the_network_as_it_is_and_repeats_itself_whatever_the_random_numbers(uci, unaltered, name):
    model, image, question = jsma.load_model("lenet"), uci.images[3], Question(3, 5)
    with unaltered(model):
        first = explain(name, model, image, question)
    torch.rand(1)
    state = torch.random.get_rng_state()
    assert torch.equal(explain(name, model, image, question), first)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (first.shape, first.dtype) == (image.shape, torch.float64)
    assert MAPS[name].signed == bool((first < 0).any())


@pytest.mark.parametrize("name", MAPS)
def test_every_map_is_explained_in_words(name):
    entry = MAPS[name]
    asked = entry.question.format(explained="a 0", target="a 2")
    assert asked.endswith("?")
    assert ("a 2" if entry.attacks else "a 0") in asked
    assert "{" not in asked
    assert TERMS[entry.label] == entry.meaning
    assert entry.formula
    assert re.search(r"\d{4}, arXiv \d{4}\.\d{5}", entry.source) or "arXiv 131" in entry.source


def test_a_network_without_convolutions_has_all_maps_but_grad_cam(linear, picture):
    model = linear(torch.eye(3, 64), [0, 0, 0], torch.float64)
    assert maps_of(model, picture) == [name for name in MAPS if name != "grad-cam"]
    with pytest.raises(ValueError, match="needs a convolution"):
        explain("grad-cam", model, picture, Question(1, 0))


def test_colour_pictures_get_a_value_for_every_channel(picture):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 3)).double().eval()
    image = torch.cat([picture, picture / 2, 1 - picture])
    for name in maps_of(model, image):
        assert explain(name, model, image, Question(1, 0)).shape == image.shape


@pytest.mark.parametrize(
    ("name", "question", "says"),
    [
        ("lime", Question(0, 1), "no map 'lime'"),
        ("input", Question(7, 1), "7 is not a class"),
        ("input", Question(0, -1), "-1"),
    ],
)
def test_what_cannot_be_is_told(small, picture, name, question, says):
    with pytest.raises(ValueError, match=says):
        explain(name, small, picture, question)


def test_without_captum_the_attacks_map_works_and_the_others_say_what_to_install(uci, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum", None)
    model, image = jsma.load_model(), uci.images[0]
    assert explain("attack", model, image, Question(0, 2)).max() > 0
    for name in ("input", "grad-cam"):
        with pytest.raises(CaptumMissing, match="Install it: pip install captum=="):
            explain(name, model, image, Question(0, 2))
