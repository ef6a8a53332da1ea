"""A full attack on a 3 x 224 x 224 input in bounded memory: python -m benchmarks.large_image

ResNet-18, with torchvision's weights (--weights; downloaded by torchvision when online) or random ones.
All pairs of its 150,528 features would take 84 GiB.
"""

import argparse
import resource
import time

import torch

from jsma import Attack, Rule
from jsma.data import _torchvision_mnist


def resnet18(weights: bool) -> torch.nn.Module:
    """Return torchvision's ResNet-18 for images in [0, 1]; without weights, random ones from a fixed seed."""
    _torchvision_mnist()  # torchvision does not load by itself beside a CPU-only torch
    from torchvision.models import ResNet18_Weights
    from torchvision.models import resnet18 as build
    from torchvision.transforms import Normalize

    torch.manual_seed(0)
    network = build(weights=ResNet18_Weights.DEFAULT if weights else None)
    return torch.nn.Sequential(Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), network).eval()


def main() -> None:
    """Attack one random picture and print how it ended, how long it took and the memory it needed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", action="store_true", help="load torchvision's weights")
    parser.add_argument("--gamma", type=float, default=0.001, help="share of the features to change (%(default)s)")
    options = parser.parse_args()
    model = resnet18(options.weights)
    image = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    answer = int(model(image).argmax())
    target = int(model(image).topk(50).indices[0, -1])  # of 1,000 classes the fiftieth guess
    began = time.monotonic()
    result = Attack(Rule.WJSMA, gamma=options.gamma).run(model, image, torch.tensor([target]))
    took, turns = time.monotonic() - began, int(result.iterations[0]) + 1
    print(f"from class {answer} towards {target}: {result.stop[0].value}, {int(result.changed[0])} of 150,528 changed")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{took:.1f} s, {1000 * took / turns:.0f} ms an iteration; peak memory of the process {peak:.0f} MB")


if __name__ == "__main__":
    main()
