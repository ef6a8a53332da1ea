"""The other attacks: against closed forms on a linear model, captum, brute force, and the bounds that they promise."""

import captum.robust
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from jsma import load_model
from jsma.other_attacks import LEVELS, STEP_SHARE, STEPS, Norm, OtherAttack

BOUNDED = [attack for attack in OtherAttack if attack.value.bounded]


def linear(bias: float) -> tuple[nn.Module, Tensor]:
    """Return a linear model of two classes and the difference of their weights, as an image; bias: of class 0."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).double()
    with torch.no_grad():
        model[1].weight.copy_(torch.randn(2, 12, generator=torch.Generator().manual_seed(0)))
        model[1].bias.copy_(torch.tensor([bias, 0.0]))
    return model, (model[1].weight[1] - model[1].weight[0]).detach().view(1, 3, 4)


GREY = torch.full((1, 3, 4), 0.5, dtype=torch.float64)


def end(attack: OtherAttack, model: nn.Module, image: Tensor, target: int, epsilon: float = 0.0) -> Tensor:
    *_, last = attack.steps(model, image, target, epsilon)
    return last


@pytest.mark.parametrize("attack", [OtherAttack.FGSM, OtherAttack.PGD_LINF])
def test_on_a_linear_model_every_pixel_moves_by_epsilon_along_the_sign(attack):
    model, towards = linear(bias=100.0)  # the target is out of reach
    torch.testing.assert_close(end(attack, model, GREY, 1, 0.1), GREY + 0.1 * towards.sign())


def test_on_a_linear_model_the_change_within_an_l2_ball_is_along_the_gradient():
    model, towards = linear(bias=100.0)
    moved = end(OtherAttack.PGD_L2, model, GREY, 1, 0.7)
    torch.testing.assert_close(moved, GREY + 0.7 * towards / towards.norm())


def test_pgd_stops_at_the_first_step_that_reaches_the_target():
    lead = 0.3  # of class 0 at the grey image
    model, towards = linear(bias=0.0)
    with torch.no_grad():
        model[1].bias[0] = lead + float((towards * GREY).sum())
    step = STEP_SHARE * 1.0 / STEPS
    needed = int(lead / (step * float(towards.norm()))) + 1  # each step gains so much: the model is linear
    images = list(OtherAttack.PGD_L2.steps(model, GREY, 1, 1.0))
    assert len(images) == 1 + needed < STEPS
    assert [int(model(image[None]).argmax()) for image in images] == [0] * needed + [1]
    assert len(list(OtherAttack.PGD_LINF.steps(model, images[-1], 1, 1.0))) == 1  # read as the target already


@pytest.mark.parametrize("attack", BOUNDED)
def test_the_bound_is_kept_and_no_pixel_leaves_its_range(attack, uci):
    image, norm = uci.images[uci.of_class(7)[0]], attack.value.bounded
    for epsilon in (0.05, 0.3):
        for changed in attack.steps(load_model("lenet"), image, 3, epsilon):
            assert 0 <= changed.min() <= changed.max() <= 1
            assert norm.of(changed - image) <= epsilon * (1 + 1e-5)


@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients")
@pytest.mark.parametrize("attack", [OtherAttack.FGSM, OtherAttack.PGD_LINF])
def test_captum_finds_the_same(attack, uci):
    model, image, epsilon = load_model("lenet"), uci.images[uci.of_class(7)[0]], 0.1
    images = list(attack.steps(model, image, 3, epsilon))
    loss = (model, lambda outputs, target: cross_entropy(outputs, target, reduction="none"), 0.0, 1.0)
    if attack is OtherAttack.FGSM:
        theirs = captum.robust.FGSM(*loss)
        theirs.zero_thresh = 0
        found = theirs.perturb(image[None], epsilon, torch.tensor([3]), targeted=True)
    else:
        theirs = captum.robust.PGD(*loss)
        theirs.fgsm.zero_thresh = 0
        step = STEP_SHARE * epsilon / STEPS
        assert len(images) > 3
        found = theirs.perturb(image[None], epsilon, step, len(images) - 1, torch.tensor([3]), targeted=True)
    torch.testing.assert_close(images[-1], found[0], atol=1e-5, rtol=0)


def test_the_one_pixel_attack_finds_the_best_of_all_single_changes():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3)).double()
    image = torch.rand(1, 3, 4, dtype=torch.float64)

    def lead(changed: Tensor) -> float:
        first, second, third = model(changed[None])[0].tolist()
        return third - max(first, second)

    best = lead(image)
    for pixel in range(12):
        for value in LEVELS:
            changed = image.flatten().clone()
            changed[pixel] = value
            best = max(best, lead(changed.view(1, 3, 4)))
    found = end(OtherAttack.ONE_PIXEL, model, image, 2)
    assert Norm.L0.of(found - image) == 1
    assert lead(found) == pytest.approx(best)


def test_the_norms_are_those_worked_out_by_hand():
    change = torch.tensor([[0.0, 0.3], [-0.4, 0.0]], dtype=torch.float64)
    assert [norm.of(change) for norm in (Norm.L0, Norm.L2, Norm.LINF)] == pytest.approx([2, 0.5, 0.4])
    assert [norm.of(0 * change) for norm in Norm] == [0, 0, 0]


@pytest.mark.parametrize("attack", OtherAttack)
def test_what_cannot_be_is_said_and_the_model_stays_as_it_is(attack):
    model, _ = linear(bias=1.0)
    end(attack, model, GREY, 1, 0.1)
    assert all(parameter.grad is None for parameter in model.parameters())
    with pytest.raises(ValueError, match="2 is not a class of this model; its classes are 0 to 1"):
        end(attack, model, GREY, 2, 0.1)
    if attack in BOUNDED:
        with pytest.raises(ValueError, match="ε is 0; it must be above 0"):
            end(attack, model, GREY, 1, 0)
