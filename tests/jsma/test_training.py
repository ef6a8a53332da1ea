"""Training: the same every time, better with every epoch, and stoppable."""

import copy
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import torch
from torch import nn

from jsma import Digits, accuracy
from jsma.training import initialised, train
from jsma.training_methods import TrainingMethod, fgsm


@pytest.fixture(scope="module")
def few(uci) -> Digits:
    """300 digits: two batches of 128 and one of 44."""
    return uci.first(300)


def reader(seed: int = 0) -> nn.Sequential:
    """Return a small untrained network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))


def weights_of(model: nn.Module) -> list:
    return [weights.tolist() for weights in model.parameters()]


def trained(model: nn.Module, digits: Digits, epochs: int = 2, seed: int = 0, **options) -> list:
    list(train(model, digits, epochs, seed, **options))
    return weights_of(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tutorial", "lenet"])
def test_the_same_seed_gives_the_same_network(name, few):
    runs = [trained(initialised(name, 4), few.first(140), epochs=1, seed=4) for _ in range(2)]
    assert runs[0] == runs[1]


def test_the_global_dice_neither_matter_nor_are_thrown(few):
    torch.manual_seed(1)
    first = trained(initialised("lenet", 4), few.first(20), epochs=1)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = trained(initialised("lenet", 4), few.first(20), epochs=1)
    assert first == second
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_shuffles_otherwise(few):
    assert trained(reader(), few, seed=1) != trained(reader(), few, seed=2)


def test_another_seed_starts_from_other_weights():
    assert weights_of(initialised("lenet", 1)) == weights_of(initialised("lenet", 1))
    assert weights_of(initialised("lenet", 1)) != weights_of(initialised("lenet", 2))


def test_networks_made_at_the_same_time_do_not_share_the_dice():
    def weights(seed):
        return torch.cat([values.flatten() for values in initialised("lenet", seed).parameters()])

    alone = [weights(seed) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(weights, range(16)))
    assert all(map(torch.equal, alone, together))


def test_the_loss_falls_and_the_network_learns_to_read(few):
    model = reader()
    before = accuracy(model, few)
    losses = [progress.loss for progress in train(model, few, epochs=15, seed=0, learning_rate=1e-2)]
    assert sum(losses[-3:]) < sum(losses[:3]) / 4
    assert before < 0.3
    assert accuracy(model, few) > 0.9


def test_the_first_loss_is_the_cross_entropy_of_the_untrained_network(few):
    digits = few.first(100)  # a single batch, so that the shuffling does not matter
    model = reader()
    with torch.no_grad():
        chances = model(digits.images).double().softmax(dim=1)
    expected = -sum(chances[k, label].log().item() for k, label in enumerate(digits.labels.tolist())) / 100
    assert next(train(model, digits, epochs=1, seed=0)).loss == pytest.approx(expected, rel=1e-5)


def test_the_progress_counts_batches_and_epochs_from_1(few):
    seen = [(at.epoch, at.epochs, at.batch, at.batches) for at in train(reader(), few, epochs=2, seed=0)]
    assert seen == [(1, 2, 1, 3), (1, 2, 2, 3), (1, 2, 3, 3), (2, 2, 1, 3), (2, 2, 2, 3), (2, 2, 3, 3)]


def test_every_digit_is_seen_once_an_epoch(few):
    seen = []

    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = reader()

        def forward(self, images):
            seen.extend(image.numpy().tobytes() for image in images)
            return self.model(images)

    list(train(Watching(), few, epochs=2, seed=0))
    once = sorted(image.numpy().tobytes() for image in few.images)
    assert sorted(seen[:300]) == sorted(seen[300:]) == once
    assert seen[:300] != seen[300:]


def test_the_steps_fade_out_towards_the_end(few):
    model = reader()
    path = [copy.deepcopy(model[1].weight.data)]
    path += [copy.deepcopy(model[1].weight.data) for _ in train(model, few, epochs=10, seed=0)]
    lengths = [(after - before).norm().item() for before, after in pairwise(path)]
    assert lengths[-1] < lengths[len(lengths) // 2] < lengths[0]
    assert lengths[-1] < lengths[0] / 50


def test_a_higher_learning_rate_takes_longer_steps(few):
    start = torch.tensor(weights_of(reader())[0])
    slow, fast = (
        torch.tensor(trained(reader(), few, epochs=1, learning_rate=rate)[0]) - start for rate in (1e-4, 1e-2)
    )
    assert fast.norm() > 10 * slow.norm()


def test_training_can_be_stopped_after_any_batch(few):
    model, whole = reader(), reader()
    start = weights_of(model)
    training, complete = (train(one, few, epochs=5, seed=0) for one in (model, whole))
    next(training)
    next(training)
    training.close()
    assert weights_of(model) != start
    next(complete)
    next(complete)
    assert weights_of(model) == weights_of(whole)
    next(complete)
    assert weights_of(model) != weights_of(whole)


def test_a_trained_model_ends_in_eval_mode_without_gradients(few):
    model = reader().eval()
    training = train(model, few, epochs=1, seed=0)
    next(training)
    assert model.training
    list(training)
    assert not any(layer.training for layer in model.modules())
    assert all(weights.grad is None for weights in model.parameters())


@pytest.mark.parametrize("epochs", [0, -1])
def test_fewer_than_one_epoch_is_refused(epochs, few):
    with pytest.raises(ValueError, match=f"epochs is {epochs}; it must be at least 1"):
        next(train(reader(), few, epochs, seed=0))


def test_the_digits_are_left_as_they_were(few):
    before = few.images.clone()
    trained(reader(), few)
    assert torch.equal(few.images, before)


# --- defences ------------------------------------------------------------------------------------


def linear(seed: int = 0) -> nn.Sequential:
    """Return one untrained linear layer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mean_cross_entropy(logits: torch.Tensor, shares: torch.Tensor) -> float:
    """Return the cross-entropy of softmax(logits) with the shares (N, classes), worked out row by row."""
    rows = zip(logits.double().softmax(dim=1), shares.double(), strict=True)
    return -sum(float((share * chances.log()).sum()) for chances, share in rows) / len(logits)


def test_a_distilled_network_learns_its_teachers_probabilities_at_the_temperature(few):
    digits, model = few.first(100), reader()
    training = train(model, digits, epochs=3, seed=0, method=TrainingMethod.DISTILLED)
    seen = [next(training) for _ in range(3)]
    with torch.no_grad():
        start = reader()(digits.images)  # the logits begin T times as large, and are divided by T
        untrained = mean_cross_entropy(start, torch.eye(10)[digits.labels])
        expected = mean_cross_entropy(start, (model(digits.images) / 100).softmax(dim=1))
    seen.append(next(training))
    assert seen[0].loss == pytest.approx(untrained, rel=1e-4)
    assert seen[3].loss == pytest.approx(expected, rel=1e-4)
    assert [(each.epoch, each.epochs) for each in seen] == [(1, 6), (2, 6), (3, 6), (4, 6)]
    first, last = ((model[k].weight - scale * reader()[k].weight).abs().max() for k, scale in ((1, 1), (3, 100)))
    assert 0 < first < 0.0011  # one step of Adam from the initial weights
    assert 0 < last < 0.11


def test_a_teacher_at_the_temperature_learns_what_a_plain_network_learns_but_for_logits_a_hundred_times_as_large(few):
    teacher, plain = reader(), reader()
    training = train(teacher, few, epochs=2, seed=0, method=TrainingMethod.DISTILLED)
    losses = [next(training).loss for _ in range(6)]
    assert losses == pytest.approx([each.loss for each in train(plain, few, epochs=2, seed=0)], rel=1e-3)
    with torch.no_grad():
        assert torch.allclose(teacher(few.images) / 100, plain(few.images), atol=0.01)


def test_training_on_attacks_attacks_half_of_every_batch_at_that_moment(few):
    digits, model = few.first(60), linear()
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    images, labels = digits.images[order], torch.eye(10)[digits.labels[order]]
    with torch.no_grad():
        uphill = (model(images).softmax(dim=1) - labels) @ model[1].weight  # the gradient of a linear layer's loss
        attacked = (images + 0.3 * uphill.sign().view_as(images)).clamp(0, 1)
        clean, worse = (mean_cross_entropy(model(each[:30]), labels[:30]) for each in (images, attacked))
        other = mean_cross_entropy(model(images[30:]), labels[30:])
    assert worse > clean
    first = next(train(model, digits, epochs=1, seed=0, method=TrainingMethod.ADVERSARIAL))
    assert first.loss == pytest.approx((worse + other) / 2, rel=1e-4)


def test_fgsm_moves_every_pixel_by_epsilon_within_the_range_and_leaves_the_network_alone(few):
    model, images = initialised("lenet", 0), few.images[:4] * 0.4 + 0.3
    attacked = fgsm(model, images, few.labels[:4], 0.2)
    moved = (attacked - images).abs()
    assert set(moved.flatten().mul(1e4).round().tolist()) <= {0.0, 2000.0}
    assert (moved > 0).double().mean() > 0.8
    assert torch.equal(fgsm(model, few.images[:4], few.labels[:4], 5.0).unique(), torch.tensor([0.0, 1.0]))
    assert all(weights.grad is None for weights in model.parameters())


@pytest.mark.parametrize("method", TrainingMethod)
def test_every_way_to_train_is_the_same_for_a_seed_and_takes_the_batches_it_announces(method, few):
    models = [reader(), reader()]
    seen = [list(train(model, few.first(140), epochs=2, seed=3, method=method)) for model in models]
    assert seen[0] == seen[1]
    assert weights_of(models[0]) == weights_of(models[1])
    assert len(seen[0]) == 2 * method.value.epochs(2) == seen[0][-1].batches * seen[0][-1].epochs
    assert not models[0].training
