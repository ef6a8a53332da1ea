"""Opening what somebody sends: every kind of picture, and everything that only claims to be one."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from benchmarks import fuzz
from benchmarks.made_photos import VARIANTS, draw
from jsma import load_model
from jsma.handwriting import SIDE_LIMIT, prepare
from pages.ui.choice import from_url
from pages.ui.your_digit.opening import MOST_BYTES, Refused, open_picture

GREY = Image.fromarray((255 * draw(7, VARIANTS[0])).astype(np.uint8))
"""A 7, black on white."""


def packed(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b""))


def close(data: bytes, picture: Image.Image = GREY, within: float = 0.03) -> bool:
    grey = open_picture(data).grey
    return grey.shape == picture.size[::-1] and np.abs(grey - np.asarray(picture) / 255).mean() < within


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_pictures_of_every_mode_are_opened(mode, kind):
    assert close(packed(GREY.convert(mode), kind))


def test_cmyk_and_16_bits():
    assert close(packed(GREY.convert("CMYK"), "JPEG"))
    deep = Image.fromarray(np.asarray(GREY, dtype=np.uint16) * 257)
    assert close(packed(deep))


def test_what_is_transparent_becomes_paper():
    mask = Image.eval(GREY, lambda value: 255 - value)
    for ink, paper in ((0, 255), (255, 0)):
        seen = Image.new("LA", GREY.size, (ink, 0))
        seen.putalpha(mask)
        grey = open_picture(packed(seen)).grey
        assert grey[0, 0] == paper / 255
        assert abs(grey - paper / 255).max() == 1
    palette = GREY.convert("P")
    assert open_picture(packed(palette, transparency=255)).grey[0, 0] == 1


def inverted(picture: Image.Image) -> Image.Image:
    return ImageOps.invert(picture)


def with_margin(page: Image.Image, width: int = 12) -> Image.Image:
    picture = Image.new("LA", (page.width + 2 * width, page.height + 2 * width), (0, 0))
    picture.paste(page.convert("LA"), (width, width))
    return picture


def seen_through(page: Image.Image, alpha: Image.Image | int) -> Image.Image:
    picture = page.convert("LA")
    picture.putalpha(alpha)
    return picture


def only_ink(brightness: int, soft: float = 0, strength: float = 1) -> Image.Image:
    alpha = inverted(GREY).filter(ImageFilter.GaussianBlur(soft)).point(lambda value: round(value * strength))
    return seen_through(Image.new("L", GREY.size, brightness), alpha)


def with_one_colour_transparent(page: Image.Image) -> bytes:
    """A page with a margin of a palette's colour that stands for transparency."""
    wide = ImageOps.expand(page.point(lambda value: value // 2), 12, 200).convert("P")
    return packed(wide, transparency=200)


ROUND = Image.new("L", GREY.size)
ImageDraw.Draw(ROUND).rounded_rectangle((8, 8, 311, 311), 60, fill=255)
PENCIL = GREY.point(lambda value: 140 + value // 4)
SHADED = Image.fromarray((np.asarray(GREY) * np.linspace(0.5, 1, 320)).astype(np.uint8))
CUT_OUT = inverted(GREY).filter(ImageFilter.MaxFilter(21))

TRANSPARENT = {
    "a white page with a margin": packed(with_margin(GREY)),
    "a black page with a margin": packed(with_margin(inverted(GREY))),
    "a white page with a wide margin": packed(with_margin(GREY, 60)),
    "a white page with a margin, WebP": packed(with_margin(GREY), "WEBP", lossless=True),
    "a page in pencil with a margin": packed(with_margin(PENCIL)),
    "a page half in shadow, with a margin": packed(with_margin(SHADED)),
    "a page with a soft edge": packed(seen_through(GREY, ROUND.filter(ImageFilter.GaussianBlur(8)))),
    "a black page with round corners": packed(seen_through(inverted(GREY), ROUND)),
    "a page put straight": packed(GREY.convert("LA").rotate(10, Image.Resampling.BICUBIC, expand=True)),
    "a page that is half transparent all over": packed(seen_through(GREY, 120)),
    "a palette's page with a margin": with_one_colour_transparent(GREY),
    "a palette's black page with a margin": with_one_colour_transparent(inverted(GREY)),
    "a large page with a margin": packed(with_margin(GREY.resize((1500, 1500)), 60)),
    "dark ink without paper": packed(only_ink(0)),
    "light ink without paper": packed(only_ink(255)),
    "dark ink with soft edges": packed(only_ink(60, soft=4)),
    "light ink with soft edges": packed(only_ink(200, soft=4)),
    "faint dark ink": packed(only_ink(0, strength=0.4)),
    "faint light ink": packed(only_ink(255, strength=0.4)),
    "dark ink on paper that is cut out along it": packed(seen_through(GREY, CUT_OUT)),
    "light ink on paper that is cut out along it": packed(seen_through(inverted(GREY), CUT_OUT)),
}


@pytest.mark.parametrize("picture", TRANSPARENT)
def test_a_7_with_transparent_parts_is_read_as_a_7(picture):
    image = prepare(open_picture(TRANSPARENT[picture]).grey).image
    with torch.no_grad():
        assert load_model("lenet")(image[None]).softmax(dim=1)[0, 7] > 0.9


def test_a_page_goes_on_where_it_is_transparent_and_keeps_what_shows():
    grey = open_picture(packed(with_margin(GREY))).grey
    assert (grey[0] == 1).all()
    assert np.array_equal(grey[12:-12, 12:-12] * 255, np.asarray(GREY))


def test_a_picture_that_is_all_transparent_is_empty_paper():
    assert (open_picture(packed(seen_through(GREY, 0))).grey == 1).all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_photos_are_turned_upright(turn):
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = turn
    lying = GREY.transpose(back[turn]) if turn in back else GREY
    assert close(packed(lying, "JPEG", exif=exif))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_taken_and_said(kind):
    data = packed(GREY, kind, save_all=True, append_images=[GREY.rotate(90)])
    assert close(data)
    assert "first" in open_picture(data).remark
    assert not open_picture(packed(GREY, kind)).remark


def test_the_name_and_type_of_a_file_do_not_matter_its_content_does():
    assert close(packed(GREY, "WEBP"))
    for kind in ("GIF", "BMP", "TIFF"):
        with pytest.raises(Refused, match="PNG, JPEG or WebP"):
            open_picture(packed(GREY, kind))


@pytest.mark.parametrize(("width", "height"), [(12_000, 12_000), (5_001, 5_000), (20_000, 100), (65_535, 13)])
def test_what_would_be_too_large_is_refused_before_it_is_decoded(width, height):
    with pytest.raises(Refused, match=r"at most 25 million .* Make it smaller"):
        open_picture(header_only(width, height))


HEIC_FILE = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEIC_FILE, r"HEIC photo.*Export it as JPEG.*Most Compatible"),
        (HEIC_FILE.replace(b"ftypheic", b"ftypmif1"), "HEIC photo"),
        (packed(GREY, "GIF"), "a GIF.*Save it as JPEG"),
        (packed(GREY, "BMP"), "a BMP.*Save it as JPEG"),
        (packed(GREY, "TIFF"), "a TIFF.*Save it as JPEG"),
        (packed(GREY, "PDF"), "a PDF.*Save it as JPEG"),
        (packed(GREY, "AVIF"), "not a whole PNG, JPEG or WebP.*save it as JPEG"),
    ],
)
def test_a_picture_of_another_kind_is_told_by_its_kind_and_what_to_do(data, words):
    with pytest.raises(Refused, match=words):
        open_picture(data)


def test_a_telephones_photo_of_more_than_5_mb_is_made_smaller():
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500), dtype=np.uint8)
    page = np.asarray(GREY.resize((1500, 1500)))
    photo = packed(Image.fromarray(np.minimum(noise // 4 + 191, page)), "PNG")
    photo += bytes(6_000_000 - len(photo))
    assert max(open_picture(photo).grey.shape) == SIDE_LIMIT


def test_a_photo_of_48_million_pixels_is_made_smaller_but_not_one_of_100():
    photo = packed(Image.new("L", (8064, 6048), 255), "JPEG", quality=10)
    assert max(open_picture(photo).grey.shape) == SIDE_LIMIT
    with pytest.raises(Refused, match="at most 50 million"):
        open_picture(photo.replace(struct.pack(">HH", 6048, 8064), struct.pack(">HH", 10_000, 10_000), 1))


def test_a_real_bomb_is_refused():
    bomb = packed(Image.new("1", (30_000, 30_000)))
    assert len(bomb) < MOST_BYTES
    with pytest.raises(Refused, match="far too large"):
        open_picture(bomb)


@pytest.mark.parametrize("size", [(1, 1), (11, 400)])
def test_what_is_too_small_is_refused(size):
    with pytest.raises(Refused, match="at least 12"):
        open_picture(packed(Image.new("L", size)))


def test_a_strip_is_refused_with_advice():
    with pytest.raises(Refused, match="far longer than wide"):
        open_picture(packed(Image.new("L", (12_000, 12))))


def test_large_photos_come_down_to_size():
    assert max(open_picture(packed(Image.new("RGB", (4000, 3000)), "JPEG")).grey.shape) == SIDE_LIMIT


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.97])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_was_cut_short_is_refused(kind, share):
    data = packed(GREY, kind)
    with pytest.raises(Refused, match=r"empty|not a whole"):
        open_picture(data[: int(share * len(data))])


@pytest.mark.parametrize(
    "data", [b"<script>alert(1)</script>", b"%PDF-1.4", b"\x80\x04cos\nsystem\n", bytes(27_000_000)]
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Refused, match=r"PNG, JPEG or WebP|at most 25 MB"):
        open_picture(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_opened_or_refused(data):
    assert not fuzz.try_file(data).startswith("FAULT")


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_opened_or_refused():
    for data in fuzz.damaged_files(random.Random(1), 1500):
        assert not fuzz.try_file(data).startswith("FAULT"), data


TEXT = st.text(max_size=30) | st.sampled_from(fuzz.WORDS)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(fuzz.NAMES) | st.text(max_size=8), TEXT, max_size=8))
def test_any_address_gives_a_choice_that_can_be_carried_out(address):
    assert not fuzz.try_address(address).startswith("FAULT")
    _, notices = from_url(address)
    assert all(len(notice) < 400 for notice in notices)


def test_the_fuzzing_sees_a_fault(monkeypatch):
    def broken(data):
        raise KeyError("as if")

    monkeypatch.setattr(fuzz, "open_picture", broken)
    assert fuzz.try_file(b"x").startswith("FAULT")
