"""What people bring as a model: any module or function that works alone works here, or is refused in a sentence."""

import warnings
from collections import namedtuple
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.functional import batch_norm, dropout

from jsma import Attack, Digits, Output, Stop, accuracy, evaluate, jacobian, load_model, refine
from jsma.network import MIN_VALUES_FOR_CHANNELS_LAST, Network, forward
from jsma.stage import record


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


class Net(nn.Module):
    """A convolution and a layer per class; a function in between makes a kind of model out of it."""

    def __init__(self, shape, classes=3, between=lambda net, x: x.flatten(1)):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.conv = nn.Conv2d(shape[0], 4, 3, padding=1)
            self.last = nn.Linear(4 * shape[1] * shape[2], classes)
        self.between = between
        self.eval()

    def forward(self, images):
        return self.last(self.between(self, torch.tanh(self.conv(images))))


def answering(answer):
    """Return a model whose logits are those of a linear layer, packed by the function `answer`."""

    class Packed(Net):
        def forward(self, images):
            return answer(super().forward(images))

    return Packed((1, 2, 2))


def same_gradients(model, images):
    """Check the Jacobian of `model` against one backward pass a class on the images as they are."""
    leaf = images.clone().requires_grad_()
    outputs = model(leaf)
    rows = [torch.autograd.grad(outputs[:, k].sum(), leaf, retain_graph=True)[0] for k in range(outputs.shape[1])]
    torch.testing.assert_close(jacobian(model, images), torch.stack(rows, dim=1), rtol=1e-4, atol=1e-6)


# --- layouts in memory ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [(20, 1, 28, 28), (21, 1, 28, 28), (6, 3, 32, 32), (1, 3, 96, 96)],
    ids=lambda shape: "x".join(map(str, shape)),
)
def test_a_model_that_views_its_features_works_at_every_batch_size(shape):
    model, images = Net(shape[1:], between=lambda net, x: x.view(len(x), -1)), noise(*shape)
    same_gradients(model, images)
    result = Attack(gamma=4 / images[0].numel()).run(model, images, model(images).argsort(1)[:, 0])
    assert result.iterations.tolist() == [2] * len(images) or Stop.REACHED_TARGET in result.stop


def raw_memory(net, x):
    """Read the values in the order of memory, which the shape does not tell."""
    return x.as_strided((len(x), x[0].numel()), (x[0].numel(), 1))


class RawGradient(torch.autograd.Function):
    """The identity, with a gradient that only the usual layout lets view."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return gradient.view(len(gradient), -1).view(gradient.shape)


@pytest.mark.parametrize(
    "between", [raw_memory, lambda net, x: RawGradient.apply(x).flatten(1)], ids=["values", "gradient"]
)
def test_a_model_that_needs_the_usual_order_in_memory_gets_it(between):
    model, images = Net((2, 12, 12), between=between), noise(60, 2, 12, 12)
    assert images.numel() > MIN_VALUES_FOR_CHANNELS_LAST
    same_gradients(model, images)


def test_a_model_that_views_only_some_batches_works_with_them():
    model = Net((2, 12, 12), between=lambda net, x: x.view(len(x), -1) if len(x) == 60 else x.flatten(1))
    same_gradients(model, noise(60, 2, 12, 12))


@pytest.mark.parametrize("name", ["tutorial", "lenet"])
def test_the_shipped_networks_get_the_faster_layout(name):
    leaf, _ = forward(load_model(name), noise(32, 1, 28, 28))
    assert leaf.stride() == torch.empty(32, 1, 28, 28, memory_format=torch.channels_last).stride()


def test_the_attempt_leaves_the_random_numbers_as_they_were():
    before = torch.get_rng_state()
    forward(Net((3, 32, 32)), noise(6, 3, 32, 32))
    assert torch.equal(torch.get_rng_state(), before)


# --- outputs that are not repeatable -------------------------------------------------------------


def dropping(share):
    return lambda net, x: dropout(x.flatten(1), share, training=net.training)


RANDOM = {
    "half dropped": dropping(0.5),
    "a hundredth dropped": dropping(0.01),
    "noise added": lambda net, x: x.flatten(1) + 0.1 * net.training * torch.randn_like(x).flatten(1),
    "batches mixed": lambda net, x: (batch_norm(x, None, None, training=True) if net.training else x).flatten(1),
}
GREEDY = Attack(gamma=1.0)
USES = {
    "steps": lambda model, images: list(GREEDY.steps(model, images[0], 1)),
    "run": lambda model, images: GREEDY.run(model, images, torch.zeros(4, dtype=torch.int64)),
    "evaluate": lambda model, images: evaluate(model, few(images), GREEDY),
    "accuracy": lambda model, images: accuracy(model, few(images)),
    "jacobian": lambda model, images: jacobian(model, images),
}


def few(images, labels=(0, 1, 2, 0)):
    return Digits("few", images, torch.tensor(labels[: len(images)]))


@pytest.mark.parametrize(
    ("between", "use"),
    [(b, u) for b in RANDOM for u in USES if (b, u) != ("batches mixed", "steps")],  # a batch of one mixes nothing
)
def test_a_model_left_in_training_is_refused(between, use):
    model, images = Net((1, 6, 6), between=RANDOM[between]).train(), noise(4, 1, 6, 6)
    with pytest.raises(ValueError, match=r"same image different outputs.*eval\(\)"):
        USES[use](model, images)
    USES[use](model.eval(), images)


def test_a_function_around_a_model_left_in_training_is_refused():
    model = Net((1, 6, 6), between=dropping(0.5)).train()
    with pytest.raises(ValueError, match="same image different outputs"):
        jacobian(lambda images: model(images), noise(4, 1, 6, 6))


def test_rounding_is_no_reason_to_refuse_a_model():
    def last_digits_vary(logits):
        return logits * (1 + 1e-6 * torch.rand(1))

    assert jacobian(answering(last_digits_vary), noise(2, 1, 2, 2)).shape == (2, 3, 1, 2, 2)


# --- outputs that are probabilities --------------------------------------------------------------


@pytest.mark.parametrize("use", USES)
def test_a_model_that_ends_in_softmax_is_told_what_to_pass(use):
    model = answering(lambda logits: logits.softmax(1))
    with pytest.warns(UserWarning, match="without its softmax layer"):
        USES[use](model, noise(4, 1, 2, 2))


@pytest.mark.parametrize("logits", [lambda z: z, lambda z: z.log_softmax(1), lambda z: z.sigmoid()])
def test_logits_of_any_kind_are_taken_without_a_warning(logits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Attack(gamma=1.0).run(answering(logits), noise(4, 1, 2, 2), torch.zeros(4, dtype=torch.int64))


def test_one_attack_warns_once():
    with pytest.warns(UserWarning, match="probabilities") as told:
        record(answering(lambda z: z.softmax(1)), noise(1, 2, 2), 0, 1, Attack(gamma=1.0))
    assert len(told) == 1


# --- answers and functions -----------------------------------------------------------------------

Pair = namedtuple("Pair", ["logits", "features"])
ANSWERS = {
    "a dictionary": lambda z: {"loss": z.sum(), "logits": z},
    "a dictionary of one": lambda z: {"out": z},
    "a tuple": lambda z: (z, None),
    "a tuple with maps": lambda z: (z[:, :, None, None], z),
    "a named tuple": lambda z: Pair(z, z * 2),
    "an object": lambda z: SimpleNamespace(logits=z, hidden=[z]),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_model_whose_answer_holds_logits_is_attacked_by_them(answer):
    images, attack, targets = noise(3, 1, 2, 2), Attack(gamma=1.0), torch.tensor([0, 1, 2])
    plain, packed = (attack.run(answering(each), images, targets) for each in (lambda z: z, ANSWERS[answer]))
    assert torch.equal(plain.images, packed.images)
    assert accuracy(answering(ANSWERS[answer]), few(images)) == accuracy(answering(lambda z: z), few(images))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda z: (z, z), r"lambda images: model\(images\)\[0\]"),
        (lambda z: {"a": z, "b": z}, r"'a', 'b'.*model\(images\)\['a'\]"),
        (lambda z: SimpleNamespace(scores=z), r"SimpleNamespace.*lambda"),
        (lambda z: None, "NoneType"),
        (lambda z: z.detach().numpy(), "ndarray"),
        (lambda z: z.detach(), "cannot be differentiated"),
        (lambda z: z * 0 + nn.Parameter(torch.ones(3)).expand_as(z).detach(), None),
    ],
)
def test_an_answer_without_clear_logits_is_refused_with_the_code_that_helps(answer, says):
    model, images = answering(answer), noise(2, 1, 2, 2)
    if says is None:
        assert not jacobian(model, images).any()
        return
    with pytest.raises(ValueError, match=says):
        jacobian(model, images)


def test_a_model_of_binary_pixels_cannot_be_differentiated_and_says_so():
    net = Net((1, 2, 2))
    with pytest.raises(ValueError, match="comparisons"):
        Attack(gamma=1.0).run(lambda images: net((images > 0.5).float()), noise(2, 1, 2, 2), torch.tensor([0, 1]))


def test_a_plain_function_is_attacked_like_the_module_in_it(tmp_path):
    model, images, targets = Net((1, 2, 2)), noise(3, 1, 2, 2), torch.tensor([0, 1, 2])
    attack, function = Attack(gamma=1.0), lambda images: model(images)
    one, two = (attack.run(each, images, targets) for each in (model, function))
    assert torch.equal(one.images, two.images)
    assert torch.equal(refine(function, images, targets, two).images, refine(model, images, targets, one).images)
    one, two = (record(each, images[0], 0, 1, attack) for each in (model, function))
    assert one.payload == two.payload
    one, two = (evaluate(each, few(images), attack) for each in (model, function))
    assert one.summary() == two.summary()
    with pytest.raises(ValueError, match=r"must be a torch\.nn\.Module"):
        evaluate(function, few(images), attack, folder=tmp_path)


@pytest.mark.parametrize(("model", "found"), [("tutorial", "str"), (None, "NoneType"), (Net, "the class Net")])
def test_what_is_no_model_is_refused(model, found):
    with pytest.raises(ValueError, match=f"model is {found}"):
        jacobian(model, noise(1, 1, 2, 2))


# --- torch.inference_mode ------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 40])
@pytest.mark.parametrize("output", list(Output))
def test_a_run_inside_inference_mode_gives_what_it_gives_outside(count, output):
    model, attack = Net((1, 4, 4)), Attack(output=output, gamma=0.5)
    images, targets = noise(count, 1, 4, 4), torch.arange(count) % 3
    outside = attack.run(model, images, targets)
    steps = list(attack.steps(model, images[1], 1))
    with torch.inference_mode():
        inside = attack.run(model, images * 1, targets * 1)
        assert torch.equal(inside.images, outside.images)
        again = list(attack.steps(model, images[1] * 1, torch.tensor(1)))
        assert torch.is_inference_mode_enabled()
        evaluate(model, few(images[:3] * 1), attack)
        assert torch.equal(jacobian(model, images * 1, output), jacobian(model, images, output))
        refined = refine(model, images * 1, targets * 1, inside)
    assert torch.equal(refined.images, refine(model, images, targets, outside).images)
    assert [step.pair for step in again] == [step.pair for step in steps]
    assert torch.equal(again[0].jacobian, steps[0].jacobian)


def test_a_model_made_inside_inference_mode_says_that_it_cannot_be_differentiated():
    with torch.inference_mode():
        model = Net((1, 2, 2))
    with pytest.raises(ValueError, match=r"made inside torch\.inference_mode"):
        Attack(gamma=1.0).run(model, noise(1, 1, 2, 2), torch.tensor([1]))


# --- the model stays as it was -------------------------------------------------------------------


def test_a_model_that_is_looked_at_stays_as_it_was(unaltered):
    model = Net((3, 16, 16))
    with unaltered(model):
        jacobian(model, noise(24, 3, 16, 16))
        Attack(gamma=0.01).run(model, noise(24, 3, 16, 16), torch.zeros(24, dtype=torch.int64))
    assert not isinstance(model, Network)
