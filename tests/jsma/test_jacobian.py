"""The forward derivative against finite differences and against one backward pass after the other."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from jsma import Output, jacobian, load_model
from jsma.jacobian import MIN_IMAGES_FOR_CLASS_LOOP

OUTPUTS = list(Output)


def colour_net(classes: int, dtype=torch.float64) -> nn.Sequential:
    """Return a small smooth network from (N, 3, 4, 5) to (N, classes)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(classes)
        layers = nn.Conv2d(3, 6, kernel_size=3), nn.Tanh(), nn.Flatten(), nn.Linear(6 * 2 * 3, classes)
    return nn.Sequential(*layers).to(dtype).eval()


def noise(*shape: int, seed: int = 0, dtype=torch.float64) -> torch.Tensor:
    """Return random images well inside [0, 1]; without the flat regions where max-pooling has no derivative."""
    return 0.05 + 0.9 * torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def softmax_or_not(logits: torch.Tensor, output: Output) -> torch.Tensor:
    if output is Output.LOGITS:
        return logits
    powers = (logits - logits.max(dim=1, keepdim=True).values).exp()
    return powers / powers.sum(dim=1, keepdim=True)


@torch.no_grad()
def by_finite_differences(model: nn.Module, image: torch.Tensor, output: Output, h: float = 1e-6) -> torch.Tensor:
    """Return (F(x + h e_i) - F(x - h e_i)) / 2h for every pixel i, as (classes, C, H, W)."""
    steps = h * torch.eye(image.numel(), dtype=image.dtype).view(-1, *image.shape)
    up, down = (softmax_or_not(model(image + sign * steps), output) for sign in (1, -1))
    return ((up - down) / (2 * h)).T.reshape(-1, *image.shape)


def by_single_backward_passes(model: nn.Module, images: torch.Tensor, output: Output) -> torch.Tensor:
    """Return the Jacobians row by row: one image, one class, one backward pass at a time."""
    model = copy.deepcopy(model)
    jacobians = []
    for image in images:
        rows = []
        for label in range(model(image[None]).shape[1]):
            leaf = image.clone().requires_grad_()
            softmax_or_not(model(leaf[None]), output)[0, label].backward()
            rows.append(leaf.grad)
        jacobians.append(torch.stack(rows))
    return torch.stack(jacobians)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", ["tutorial", "lenet"])
def test_the_shipped_networks_agree_with_finite_differences(name, output):
    model, image = load_model(name).double(), noise(1, 28, 28)
    found = jacobian(model, image[None], output)[0]
    expected = by_finite_differences(model, image, output)
    assert found.shape == (10, 1, 28, 28)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("classes", [2, 4, 11])
def test_a_colour_network_agrees_with_finite_differences(classes, output):
    model, images = colour_net(classes), noise(3, 3, 4, 5)
    found = jacobian(model, images, output)
    expected = torch.stack([by_finite_differences(model, image, output) for image in images])
    assert found.shape == (3, classes, 3, 4, 5)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", ["tutorial", "lenet"])
def test_the_shipped_networks_agree_with_single_backward_passes(name, output, uci):
    model, digits = load_model(name).double(), uci.images[:2].double()
    expected = by_single_backward_passes(model, digits, output)
    torch.testing.assert_close(jacobian(model, digits, output), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("classes", [2, 4, 11])
def test_a_colour_network_agrees_with_single_backward_passes(classes, output):
    model, images = colour_net(classes), noise(3, 3, 4, 5)
    expected = by_single_backward_passes(model, images, output)
    torch.testing.assert_close(jacobian(model, images, output), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", ["tutorial", "lenet"])
def test_many_images_have_the_jacobians_that_each_has_alone(name, output, uci):
    model, images = load_model(name).double(), uci.images[: MIN_IMAGES_FOR_CLASS_LOOP + 1].double()
    alone = torch.cat([jacobian(model, image[None], output) for image in images])
    torch.testing.assert_close(jacobian(model, images, output), alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("count", "classes"), [(1, 1500), (7, 250), (9, 2), (2500, 2)])
def test_any_number_of_images_and_classes_has_the_jacobians_that_each_has_alone(count, classes):
    model, images = colour_net(classes), noise(count, 3, 4, 5)
    found = jacobian(model, images)
    for k in {0, count // 2, count - 1}:
        leaf = images[k : k + 1].clone().requires_grad_()
        logits = model(leaf)
        for label in {0, classes // 2, classes - 1}:
            (row,) = torch.autograd.grad(logits[0, label], leaf, retain_graph=True)
            torch.testing.assert_close(found[k, label], row[0], rtol=1e-9, atol=1e-12)


MEASURE = """
import re, sys
from pathlib import Path
import torch
from torch import nn
from jsma import Attack, jacobian

def largest():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

torch.set_num_threads(1)
count, classes, of_a_step = map(int, sys.argv[1:])
layers = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, classes)
model, images = nn.Sequential(*layers).eval(), torch.rand(count, 3, 64, 64)
step = next(Attack().steps(model, images[0], 1))  # so that what torch loads once is there
before = largest()
result = step.jacobian if of_a_step else jacobian(model, images)
print((largest() - before) / result.nbytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
@pytest.mark.parametrize(("count", "classes", "of_a_step"), [(1, 1000, 0), (1, 1000, 1), (7, 150, 0), (100, 10, 0)])
def test_a_jacobian_needs_at_most_four_times_its_own_memory(count, classes, of_a_step):
    command = [sys.executable, "-c", MEASURE, *map(str, (count, classes, of_a_step))]
    measured = subprocess.run(command, check=True, capture_output=True, text=True)
    assert 0.5 < float(measured.stdout) <= 4


def test_a_linear_model_has_its_weights_as_jacobian(linear):
    weights = [[1, 2, 3, 4], [5, 6, 7, 8], [-1, 0, 1, 0]]
    found = jacobian(linear(weights, [9, 9, 9]), noise(2, 1, 2, 2, dtype=torch.float32))
    assert found.flatten(2).tolist() == [weights, weights]


def test_the_logits_are_what_is_differentiated_unless_told_otherwise():
    model, images = colour_net(4), noise(2, 3, 4, 5)
    assert torch.equal(jacobian(model, images), jacobian(model, images, Output.LOGITS))
    assert not torch.equal(jacobian(model, images), jacobian(model, images, Output.PROBABILITIES))


@pytest.mark.parametrize("classes", [2, 4, 11])
def test_the_probabilities_of_a_pixel_gain_together_what_they_lose(classes):
    found = jacobian(colour_net(classes), noise(3, 3, 4, 5), Output.PROBABILITIES)
    assert found.abs().max() > 1e-3
    assert found.sum(dim=1).abs().max() < 1e-15


def test_no_images_have_an_empty_jacobian():
    assert jacobian(colour_net(4), noise(0, 3, 4, 5)).shape == (0, 4, 3, 4, 5)


def test_the_jacobian_has_the_type_of_the_model_and_no_graph():
    found = jacobian(colour_net(4), noise(1, 3, 4, 5, dtype=torch.float32))
    assert found.dtype == torch.float64
    assert not found.requires_grad


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_jacobian_is_the_same_where_gradients_are_switched_off(output):
    model, images = colour_net(4), noise(2, 3, 4, 5)
    expected = jacobian(model, images, output)
    with torch.no_grad():
        found = jacobian(model, images, output)
    assert torch.equal(found, expected)


# --- what is left as it was ----------------------------------------------------------------------


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_model_is_left_as_it_was(output, unaltered):
    model = colour_net(4)
    with unaltered(model):
        jacobian(model, noise(2, 3, 4, 5), output)
    assert all(weights.grad is None for weights in model.parameters())


def test_frozen_weights_and_gradients_of_a_training_under_way_are_left_as_they_were(unaltered):
    model = colour_net(4).train()
    model(noise(1, 3, 4, 5)).sum().backward()
    model[0].weight.requires_grad_(False)
    with unaltered(model):
        jacobian(model, noise(2, 3, 4, 5))


def test_a_model_whose_weights_are_all_frozen_has_a_jacobian():
    model, images = colour_net(4), noise(2, 3, 4, 5)
    expected = jacobian(model, images)
    assert torch.equal(jacobian(model.requires_grad_(False), images), expected)


def test_the_images_are_left_as_they_were():
    images = noise(2, 3, 4, 5)
    before = images.clone()
    jacobian(colour_net(4), images)
    assert torch.equal(images, before)
    assert images.grad is None
    assert not images.requires_grad


def test_a_model_that_works_in_place_has_the_jacobian_of_one_that_does_not():
    images = noise(2, 3, 4, 5)
    before, last = images.clone(), nn.Linear(60, 4).double()
    in_place, out_of_place = (nn.Sequential(nn.ELU(inplace=way), nn.Flatten(), last) for way in (True, False))
    assert torch.equal(jacobian(in_place, images), jacobian(out_of_place, images))
    assert torch.equal(images, before)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-0.001, 1.001, 255.0, torch.nan, torch.inf])
def test_images_out_of_range_are_refused(value):
    images = noise(2, 3, 4, 5)
    images[1, 2, 3, 4] = value
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        jacobian(colour_net(4), images)


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (1, 2, 3, 4, 5)])
def test_images_of_another_shape_are_refused_by_the_shape_found(shape):
    with pytest.raises(ValueError, match=r"\(N, C, H, W\)") as refusal:
        jacobian(colour_net(4), noise(*shape))
    assert str(shape) in str(refusal.value)


@pytest.mark.parametrize("images", [torch.ones(1, 3, 4, 5, dtype=torch.uint8), [[[[0.5]]]], None])
def test_what_is_no_floating_point_tensor_is_refused(images):
    with pytest.raises(ValueError, match="floating-point tensor"):
        jacobian(colour_net(4), images)


@pytest.mark.parametrize("weight", [torch.nan, torch.inf])
def test_a_model_with_outputs_that_are_not_finite_is_refused(weight):
    model = colour_net(4)
    with torch.no_grad():
        model[-1].weight[2, 3] = weight
    with pytest.raises(ValueError, match="not finite"):
        jacobian(model, noise(1, 3, 4, 5))


@pytest.mark.parametrize("last", [nn.Flatten(0), nn.Linear(60, 1), nn.Unflatten(1, (6, 10))])
def test_a_model_whose_outputs_are_no_classes_is_refused(last):
    model = nn.Sequential(nn.Flatten(), last).double()
    with pytest.raises(ValueError, match=r"expected \(2, classes\)|expected \(1, classes\)"):
        jacobian(model, noise(2, 3, 4, 5))


@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm2d(3),
        nn.Dropout(),
        nn.Dropout2d(),
        nn.AlphaDropout(),
        nn.InstanceNorm2d(3, track_running_stats=True),
        nn.RReLU(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_training_mode_that_makes_outputs_random_or_changes_the_model_is_refused(layer):
    """These draw at random, mix the images of a batch, or count the images they see among their state."""
    model = nn.Sequential(layer, nn.Flatten(), nn.Linear(60, 4)).double()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match=r"eval\(\)"):
        jacobian(model.train(), noise(2, 3, 4, 5))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert jacobian(model.eval(), noise(2, 3, 4, 5)).shape == (2, 4, 3, 4, 5)


def test_a_training_mode_that_changes_nothing_is_accepted():
    model, images = colour_net(4), noise(2, 3, 4, 5)
    assert torch.equal(jacobian(model.train(), images), jacobian(model.eval(), images))
