"""Attacks a second by batch size, on the CPU and, where torch sees one, on a GPU: python -m benchmarks.devices

The same attacks on every device: the built-in digits, each towards the next class. On the CPU a batch is one thread's.
"""

import argparse
import time

import torch

from jsma import Attack, Direction, Rule, load_model, load_uci_digits
from jsma.models import NETWORKS

BATCHES = 1, 8, 32, 128, 512, 2048
ATTACKS_A_BATCH, MOST_ATTACKS = 16, {"cpu": 512, "cuda": 4096}
"""How many attacks are timed: so many times the batch size, at most so many; larger batches are left out."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=NETWORKS, default="tutorial")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU (%(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    devices = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
    if len(devices) == 1:
        print("torch sees no GPU here: only the CPU is measured.\n")
    print(f"| attacks in a batch | {' | '.join(f'{device}, attacks/s' for device in devices)} |")
    print(f"| ---: |{' ---: |' * len(devices)}")
    for batch in BATCHES:
        rates = [
            f"{rate(options.model, device, batch):,.0f}" if batch <= MOST_ATTACKS[device] else "–" for device in devices
        ]
        print(f"| {batch:,} | {' | '.join(rates)} |", flush=True)


def rate(name: str, device: str, batch: int) -> float:
    """Return the attacks a second of one run with this batch size."""
    model, digits = load_model(name).to(device), load_uci_digits()
    count = min(MOST_ATTACKS[device], ATTACKS_A_BATCH * batch)
    rows = torch.arange(count) % len(digits)
    images, targets = digits.images[rows], (digits.labels[rows] + 1) % 10
    attack = Attack(Rule.TJSMA, direction=Direction.BOTH)
    attack.run(model, images[:batch], targets[:batch], batch_size=batch)  # warm
    began = time.perf_counter()
    attack.run(model, images, targets, batch_size=batch)  # ends with a copy to the CPU, so that the GPU is done
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
