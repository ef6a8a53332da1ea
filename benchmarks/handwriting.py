"""How well digits are read after being made ready, from pictures of many kinds: python -m benchmarks.handwriting

Every variant of benchmarks/made_photos.py with every digit, each written several times by a slightly
different hand.
"""

import argparse

import torch

import jsma
from benchmarks.made_photos import VARIANTS, draw
from jsma.handwriting import NoDigit, prepare
from jsma.models import undefended


def main() -> None:
    """Read all made pictures with the networks without a defence and print the share read right, by variant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hands", type=int, default=3, help="how often each digit is written")
    options = parser.parse_args()
    models = {name: jsma.load_model(name) for name in undefended()}
    print(f"{'variant':36}" + "".join(f"{name:>12}" for name in models) + "   read wrong")
    totals, count = dict.fromkeys(models, 0), 10 * options.hands
    for variant in VARIANTS:
        images = [_image(digit, variant, hand) for digit in range(10) for hand in range(options.hands)]
        labels = torch.arange(10).repeat_interleave(options.hands)
        line, wrong = f"{variant.name:36}", []
        for name, model in models.items():
            with torch.no_grad():
                reads = model(torch.stack(images)).argmax(dim=1)
            right = int((reads == labels).sum())
            totals[name] += right
            line += f"{right / count:12.1%}"
            wrong += [
                f"{label}→{read}" for label, read in zip(labels.tolist(), reads.tolist(), strict=True) if label != read
            ]
        print(f"{line}   {' '.join(wrong)}")
    print(
        f"{'all ' + str(len(VARIANTS)) + ' variants':36}"
        + "".join(f"{right / count / len(VARIANTS):12.2%}" for right in totals.values())
    )


def _image(digit: int, variant: object, hand: int) -> torch.Tensor:
    try:
        return prepare(draw(digit, variant, hand)).image
    except NoDigit:
        return torch.zeros(1, 28, 28)


if __name__ == "__main__":
    main()
