"""The table of maps that explain an answer of a network, beside the saliency map that attacks it.

Each map gives a value to every pixel. Most are computed by captum, which is imported only here, when a map is computed.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import ModuleType

import torch
from torch import Tensor, nn

from .features import like_parameters
from .jacobian import Output
from .maps import saliency_map
from .network import forward
from .rules import Rule, weighted_gradients
from .saliency import Direction

WINDOW, STRIDE = 4, 2
"""The side of the square that occlusion covers, and how far it moves, in pixels."""

NOISE = 0.15
"""The standard deviation of SmoothGrad's noise, as a share of the range of a pixel."""

AT_ONCE = 64
"""How many changed copies of an image a map gives to the network at once."""


class CaptumMissing(ImportError):
    """captum is not installed."""


class Change(Enum):
    """What is done to a pixel when a map is used as an attack."""

    WHITE = "white"
    """It turns white, as in the attack with θ = 1."""

    FAR_END = "far end"
    """It moves to the end of its range that is further away: a dark pixel turns white, a bright one black."""

    def of(self, image: Tensor) -> Tensor:
        """Return the value that each pixel would get, in the shape of `image`."""
        return torch.ones_like(image) if self is Change.WHITE else (image < 0.5).to(image.dtype)


@dataclass(frozen=True, eq=False)
class Question:
    """What a map is asked: about the class `explained`, or the wrong class `target`.

    baseline: the value of all pixels of the baseline picture, for integrated gradients and occlusion. samples: the
    number of steps of integrated gradients and of noisy copies of SmoothGrad. change and changeable, (n,) bool, None
    for all: how the attack changes a pixel, and which it may change; only the attack's map asks for them.
    """

    explained: int
    target: int
    baseline: float = 0.0
    samples: int = 50
    change: Change = Change.WHITE
    changeable: Tensor | None = None


Compute = Callable[[nn.Module, Tensor, Question], Tensor]
"""From a model, images (1, C, H, W) and a question to the map, (1, C, H, W) or (1, 1, H, W)."""


@dataclass(frozen=True)
class MapEntry:
    """A map. Other code reads these properties and never asks which map it is.

    label: its name on screen; question: what it asks, with {explained} and {target}, as in "a 0"; formula: with x the
    picture, z the logits, c the explained class, t the target, x' the baseline picture. meaning: its entry in the
    glossary; source: where it was published. signed: whether it has values below zero, which count against the class.
    quick: whether it can be computed again at every step of an attack. attacks: whether it asks about the target.
    needs_convolution: whether it works on networks with a convolution only.
    """

    label: str
    question: str
    formula: str
    meaning: str
    source: str
    signed: bool
    quick: bool
    compute: Compute
    attacks: bool = False
    needs_convolution: bool = False


def explain(name: str, model: nn.Module, image: Tensor, question: Question) -> Tensor:
    """Return the map `name`, one of MAPS, of image (C, H, W) in [0, 1], as (C, H, W) float64.

    model: maps images to logits; it is not changed and may be used by other threads meanwhile. The same arguments give
    the same map. Raises ValueError for invalid images and classes, for an unknown name, and for a map that the
    network does not have; CaptumMissing where captum is not installed.
    """
    if name not in MAPS:
        raise ValueError(f"There is no map {name!r}; choose one of {', '.join(MAPS)}.")
    images = like_parameters(image[None], model)
    classes = forward(model, images)[1].shape[1]
    for asked in (question.explained, question.target):
        if not 0 <= asked < classes:
            raise ValueError(f"{asked} is not a class of this model; its classes are 0 to {classes - 1}.")
    with torch.enable_grad():
        found = MAPS[name].compute(model, images, question)
    return found.detach().double().expand(1, *image.shape)[0]


def maps_of(model: nn.Module, image: Tensor) -> list[str]:
    """Return the names of the maps that this network has for image (C, H, W)."""
    layer = last_map_layer(model, like_parameters(image[None], model))
    return [name for name, entry in MAPS.items() if layer is not None or not entry.needs_convolution]


def last_map_layer(model: nn.Module, images: Tensor) -> tuple[str, tuple[int, int]] | None:
    """Return the name and the (height, width) of the output of the last convolution with more than one place.

    None if there is no such layer. Where a last convolution gives 1 x 1 values, a map of them would be one number.
    """
    watched, found = copy.deepcopy(model), list[tuple[str, tuple[int, int]]]()  # others use the model meanwhile

    def note(name: str, _layer: nn.Module, _inputs: object, output: Tensor) -> None:
        height, width = output.shape[-2:]
        if height * width > 1:
            found.append((name, (height, width)))

    for name, layer in watched.named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(partial(note, name))
    with torch.no_grad():
        watched(images)
    return found[-1] if found else None


def _captum() -> ModuleType:
    """Return captum.attr, which takes half a second to load."""
    try:
        import captum.attr
    except ImportError as missing:
        raise CaptumMissing(
            "These maps are computed by captum, which is not installed. Install it: pip install captum==0.9.0."
        ) from missing
    module: ModuleType = captum.attr
    return module


def _gradient(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    leaf = images.clone().requires_grad_()
    found: Tensor = _captum().Saliency(model).attribute(leaf, target=question.explained, abs=False)
    return found


def _magnitude(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    return _gradient(model, images, question).abs()


def _times_input(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    leaf = images.clone().requires_grad_()
    found: Tensor = _captum().InputXGradient(model).attribute(leaf, target=question.explained)
    return found


def _integrated(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    found: Tensor = (
        _captum()
        .IntegratedGradients(model)
        .attribute(
            images.clone().requires_grad_(),
            baselines=question.baseline,
            target=question.explained,
            n_steps=question.samples,
            internal_batch_size=AT_ONCE,
        )
    )
    return found


def _smooth(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    """Return SmoothGrad: captum's gradient of noisy copies, averaged.

    captum's NoiseTunnel would take the noise from torch's global generator, which all threads share.
    """
    random = torch.Generator().manual_seed(0)
    noise = NOISE * torch.randn(question.samples, *images.shape[1:], generator=random)
    noisy = images + noise.to(images)  # (samples, C, H, W)
    total = sum(_gradient(model, part, question).sum(dim=0, keepdim=True) for part in noisy.split(AT_ONCE))
    assert isinstance(total, Tensor)
    return (total / question.samples).abs()


def _occlusion(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    with torch.no_grad():
        found: Tensor = (
            _captum()
            .Occlusion(model)
            .attribute(
                images,
                sliding_window_shapes=(images.shape[1], WINDOW, WINDOW),
                strides=(images.shape[1], STRIDE, STRIDE),
                baselines=question.baseline,
                target=question.explained,
                perturbations_per_eval=AT_ONCE,
            )
        )
    return found


def _grad_cam(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    layer = last_map_layer(model, images)
    if layer is None:
        raise ValueError("Grad-CAM needs a convolution with more than one place; this network has none.")
    own = copy.deepcopy(model)  # captum puts hooks into it
    attr = _captum()
    cam = attr.LayerGradCam(own, own.get_submodule(layer[0])).attribute(
        images.clone().requires_grad_(), target=question.explained, relu_attributions=True
    )
    found: Tensor = attr.LayerAttribution.interpolate(cam, tuple(images.shape[2:]), interpolate_mode="bilinear")
    return found


def _attack(model: nn.Module, images: Tensor, question: Question) -> Tensor:
    """Return S(X, t) with partners: of dark pixels for brightening, of bright ones for darkening if these move so."""
    leaf, logits = forward(model, images)
    target = torch.tensor([question.target], device=images.device)
    ((a, b),) = weighted_gradients(Rule.JSMA, Output.LOGITS, None, leaf, logits, target)
    rises = (question.change.of(images) > images).flatten(1)  # (1, n)
    falls = (question.change.of(images) < images).flatten(1)
    found = torch.zeros_like(a, dtype=torch.float64)
    for domain, direction in ((rises, Direction.INCREASE), (falls, Direction.DECREASE)):
        if question.changeable is not None:
            domain = domain & question.changeable.to(images.device)
        found += saliency_map(a, b, domain, direction, partners=True)
    return found.view_as(images)


MAPS = {
    "gradient": MapEntry(
        label="Gradient",
        question="Which pixels change the logit of {explained} fastest, up or down?",
        formula="|∂z_c/∂x|",
        meaning="The size of the derivative of the explained class's logit by each pixel: how sensitive the logit is, "
        "without the sign.",
        source="Simonyan et al. 2014, arXiv 1312.6034",
        signed=False,
        quick=True,
        compute=_magnitude,
    ),
    "input": MapEntry(
        label="Gradient × input",
        question="What made it {explained}, if the network were linear?",
        formula="x · ∂z_c/∂x",
        meaning="The derivative of the explained class's logit by each pixel, times the value of the pixel. A black "
        "pixel gets 0.",
        source="Shrikumar et al. 2016, arXiv 1605.01713",
        signed=True,
        quick=True,
        compute=_times_input,
    ),
    "integrated": MapEntry(
        label="Integrated gradients",
        question="What made it {explained}, rather than the baseline picture?",
        formula="(x − x′) · mean of ∂z_c/∂x on the line from x′ to x",
        meaning="The derivative, averaged on the straight line from the baseline picture to the digit, times the "
        "difference of the two. All values add up to the difference of the two logits.",
        source="Sundararajan et al. 2017, arXiv 1703.01365",
        signed=True,
        quick=False,
        compute=_integrated,
    ),
    "smooth": MapEntry(
        label="SmoothGrad",
        question="Which pixels change the logit of {explained} fastest, for this digit and its noisy copies?",
        formula="|mean of ∂z_c/∂x over x + noise|",
        meaning="The derivative, averaged over copies of the digit with random noise, without its sign. The average "
        "removes much of the noise of the derivative itself.",
        source="Smilkov et al. 2017, arXiv 1706.03825",
        signed=False,
        quick=False,
        compute=_smooth,
    ),
    "occlusion": MapEntry(
        label="Occlusion",
        question="Which squares lower the logit of {explained} most when they are covered?",
        formula=f"z_c(x) − z_c(x with {WINDOW} × {WINDOW} pixels covered), mean of all squares over the pixel",
        meaning=f"How far the explained class's logit falls when a square of {WINDOW} × {WINDOW} pixels is replaced by "
        "the baseline picture. No derivative is used.",
        source="Zeiler and Fergus 2014, arXiv 1311.2901",
        signed=True,
        quick=False,
        compute=_occlusion,
    ),
    "grad-cam": MapEntry(
        label="Grad-CAM",
        question="In which region did the last convolution find {explained}?",
        formula="max(0, Σ_k mean(∂z_c/∂A_k) · A_k), enlarged; A_k: feature map k",
        meaning="The feature maps of the last convolution, added up, each weighted by its mean derivative, and "
        "enlarged to the size of the picture. It is as coarse as these maps are small.",
        source="Selvaraju et al. 2017, arXiv 1610.02391",
        signed=False,
        quick=True,
        compute=_grad_cam,
        needs_convolution=True,
    ),
    "attack": MapEntry(
        label="S of the attack",
        question="What would make it {target}?",
        formula="S(X, t): −αβ of the pixel with its best partner, 0 where not admissible",
        meaning="The saliency map of the attack: the score of a pixel together with its best partner, for the target "
        "class. It is 0 for pixels that may not be changed.",
        source="Papernot et al. 2016, arXiv 1511.07528",
        signed=False,
        quick=True,
        compute=_attack,
        attacks=True,
    ),
}
"""The table of all maps, by the names that code and files use, in the order in which they are shown."""
