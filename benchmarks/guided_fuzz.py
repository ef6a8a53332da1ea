"""What comes from outside, made up by a fuzzer that is led by the code it reaches: python -m benchmarks.guided_fuzz

As benchmarks.fuzz, with atheris (pip install atheris==3.0.0). It begins with whole files and plain addresses and keeps
whatever reaches code that none did before. It ends at the first fault, or after --inputs inputs.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import atheris

with atheris.instrument_imports(include=["PIL", "pages.ui.choice", "pages.ui.your_digit.opening"]):
    from benchmarks.fuzz import try_address, try_file, whole_files
    from pages.ui.choice import Choice


def main() -> None:
    """Let the fuzzer run; its own lines tell how far it is and how much code it has reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = urlencode(Choice(hide=("data", "model"), views=("jacobian",), predict=True).to_url())
        for number, content in enumerate([f"?{address}".encode(), *whole_files()]):
            (Path(folder) / str(number)).write_bytes(content)
        limits = [f"-runs={options.inputs}", f"-seed={options.seed}", "-max_len=4096", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *limits, folder], one)
        atheris.Fuzz()


def one(data: bytes) -> None:
    """Try one input: an address if it begins with a question mark, else a file."""
    is_address = data.startswith(b"?")
    outcome = try_address(dict(parse_qsl(data[1:].decode(errors="replace")))) if is_address else try_file(data)
    if outcome.startswith("FAULT"):
        raise RuntimeError(outcome)


if __name__ == "__main__":
    main()
