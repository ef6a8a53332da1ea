"""The Jacobian-based saliency map attack of Papernot et al. 2016: exact, traced, on any PyTorch classifier."""

from . import starting  # noqa: F401, before torch is loaded
from .attack import Attack, Pair, Result, Step
from .data import DataUnavailable, Digits, MNISTUnavailable, download_mnist, load_mnist, load_uci_digits
from .evaluation import accuracy, adversarial_distance, evaluate, evaluate_in_parts
from .features import search_domain
from .jacobian import Output, jacobian
from .maps import saliency_map
from .models import load_model
from .refinement import refine
from .report import Report
from .rules import Rule, Untargeted
from .saliency import Direction, Pairs, best_pair, skyband
from .sparse import sparsest
from .stop import Stop
from .trace import Trace, advance

__version__ = "0.2.0"

__all__ = [
    "Attack",
    "DataUnavailable",
    "Digits",
    "Direction",
    "MNISTUnavailable",
    "Output",
    "Pair",
    "Pairs",
    "Report",
    "Result",
    "Rule",
    "Step",
    "Stop",
    "Trace",
    "Untargeted",
    "accuracy",
    "advance",
    "adversarial_distance",
    "best_pair",
    "download_mnist",
    "evaluate",
    "evaluate_in_parts",
    "jacobian",
    "load_mnist",
    "load_model",
    "load_uci_digits",
    "refine",
    "saliency_map",
    "search_domain",
    "skyband",
    "sparsest",
]
