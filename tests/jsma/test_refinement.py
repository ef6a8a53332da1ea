"""Giving pixels back, against a loop written from the description."""

import pytest
import torch

from jsma import Attack, Direction, Rule, Untargeted, refine
from tests.helpers.nets import net, pictures

ATTACK = Attack(Rule.JSMA, direction=Direction.BOTH, theta=0.5, gamma=0.9)


def margin(logits: list[float], label: int, untargeted: bool) -> float:
    lead = logits[label] - max(value for k, value in enumerate(logits) if k != label)
    return -lead if untargeted else lead


def by_the_book(model, original, image, label, untargeted) -> torch.Tensor:
    image = image.clone()
    while True:
        tried = []
        for pixel in (image != original).flatten().nonzero().flatten().tolist():
            without = image.clone()
            without.view(-1)[pixel] = original.view(-1)[pixel]
            logits = model(without[None])[0].tolist()
            tried.append((margin(logits, label, untargeted), -pixel, without))
        tried = [trial for trial in tried if trial[0] > 0]
        if not tried:
            return image
        image = max(tried, key=lambda trial: trial[:2])[2]


@pytest.mark.parametrize("untargeted", [False, True])
def test_pixels_are_given_back_as_described(untargeted):
    saved = 0
    for seed in range(8):
        model, images = net(seed), pictures(6, seed)
        targets = Untargeted.MAXIMAL if untargeted else torch.tensor([0, 1, 2, 3, 0, 1])
        labels = model(images).argmax(1) if untargeted else targets
        found = ATTACK.run(model, images, targets)
        refined = refine(model, images, targets, found)
        assert torch.equal(refined.success, found.success)
        assert torch.equal(refined.predictions, model(refined.images).argmax(dim=1))
        for k in range(6):
            expected = found.images[k]
            if found.success[k]:
                expected = by_the_book(model, images[k], found.images[k], int(labels[k]), untargeted)
            assert torch.equal(refined.images[k], expected)
            assert refined.changed[k] == (expected != images[k]).sum()
        saved += int((found.changed - refined.changed).sum())
    assert saved > 0


def test_no_images_have_nothing_to_give_back():
    model, images, targets = net(0), pictures(0, 0), torch.zeros(0, dtype=torch.int64)
    assert len(refine(model, images, targets, ATTACK.run(model, images, targets)).changed) == 0
