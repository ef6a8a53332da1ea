"""How fast the stage answers, in a headless Chromium: python -m benchmarks.stage

Prints the median and the 95th percentile, in milliseconds, from an act to the painted frame. The
repaints are measured with Chromium's frame rate set free, so that no time is spent waiting for the
screen's next refresh, and without the glide of the bars, which would then fill the processor with
frames; playback is measured at its usual 60 frames a second, glides and all. The same repaints are measured in the
page that the same recording is saved as, opened from a file, act by act beside those in the app.
"""

import random
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import jsma
import jsma.stage
from benchmarks.driving import CHROMIUM, FLAGS, Lab, start_server

TIMED = """
async (stage, script) => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(0);
  }));
  const part = (name) => stage.querySelector(`[data-testid="stage-${name}"]`);
  const act = new Function('part', script);
  await painted();
  const began = performance.now();
  act(part);
  await painted();
  return performance.now() - began;
}
"""
CLICK = "part('{name}').click()"
SLIDE = "const s = part('slider'); s.value = {k}; s.dispatchEvent(new Event('input', {{ bubbles: true }}));"
POINT = """
const image = part('image'), box = image.getBoundingClientRect();
const [clientX, clientY] = [box.left + box.width * {x}, box.top + box.height * {y}];
image.dispatchEvent(new PointerEvent('pointermove', {{ clientX, clientY, bubbles: true }}));
"""
PICK = """
const image = part('image'), box = image.getBoundingClientRect();
const [clientX, clientY] = [box.left + box.width * {x}, box.top + box.height * {y}];
image.dispatchEvent(new PointerEvent('click', {{ clientX, clientY, bubbles: true, composed: true }}));
"""
FRAMES = """
async (stage, count) => {
  stage.querySelector('[data-testid="stage-play"]').click();
  const from = Number(stage.dataset.iteration);
  const gaps = [];
  let before = performance.now();
  while (Number(stage.dataset.iteration) < from + count) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - before);
    before = now;
  }
  stage.querySelector('[data-testid="stage-play"]').click();
  return gaps;
}
"""
NEW_TARGET = """
async (stage, target) => {
  const began = performance.now();
  document.querySelector(`.st-key-target-${target} button`).click();
  const shown = () => stage.querySelector('.title .target').textContent === `${target}`;
  while (!shown()) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}
"""
FREE_RUNNING = ["--disable-frame-rate-limit", "--disable-gpu-vsync"]
REPEATS = 40
DIGIT, TARGET, MODEL = 8, 0, "lenet"


def main() -> None:
    """Run every measurement and print the table."""
    process, address = start_server()
    try:
        with sync_playwright() as playwright:
            rows = {}
            for measure, flags in ((_repaints, [*FLAGS, *FREE_RUNNING]), (_playback, FLAGS), (_new_targets, FLAGS)):
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
                motion = "reduce" if measure is _repaints else "no-preference"
                page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion=motion)
                rows |= measure(Lab(page, address).open(f"?digit={DIGIT}&target={TARGET}&model={MODEL}"))
                browser.close()
    finally:
        process.kill()
    print(f"{'':36}{'median':>8}{'p95':>8}   ms")
    for name, times in rows.items():
        print(f"{name:36}{statistics.median(times):8.1f}{_p95(times):8.1f}")


def _repaints(lab: Lab) -> dict[str, list[float]]:
    last, saved = lab.iterations, _saved(lab)
    print(f"an attack of {last} iterations")
    rows = {}
    numbers = random.Random(0)
    acts = {
        "step": [CLICK.format(name="step")] * min(REPEATS, last),
        "step and back": [CLICK.format(name=name) for name in ("step", "back")] * (REPEATS // 2),
        "slider": [SLIDE.format(k=numbers.randrange(last)) for _ in range(REPEATS)],
        "predict a pair": [PICK.format(x=numbers.random(), y=numbers.random()) for _ in range(REPEATS)],
        "point at a pixel": [POINT.format(x=numbers.random(), y=numbers.random()) for _ in range(REPEATS)],
    }
    for name, scripts in acts.items():
        for stage, where in ((lab, "app"), (saved, "saved page")):
            stage.page.bring_to_front()
            if stage.iteration:
                stage.press("start")
            stage.press("predict" if name.startswith("predict") else "watch")
            rows[f"{name}, {where}"] = [stage.part("stage").evaluate(TIMED, script) for script in scripts]
    return rows


def _saved(lab: Lab) -> Lab:
    """Return the page that the lab's attack is saved as, open in the same browser, and print its size."""
    digits = jsma.load_uci_digits()
    image = digits.images[int(digits.of_class(DIGIT)[0])]
    html = jsma.stage.record(jsma.load_model(MODEL), image, DIGIT, TARGET, jsma.Attack()).to_html()
    print(f"saved as a page of {len(html.encode()):,} bytes")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "attack.html")
        file.write_text(html, encoding="utf-8")
        page = lab.page.context.browser.new_page(viewport=lab.page.viewport_size, reduced_motion="reduce")
        page.goto(file.as_uri())
    return Lab(page, lab.address)


def _playback(lab: Lab) -> dict[str, list[float]]:
    """Play 30 steps; the time from one frame to the next."""
    rows = {}
    lab.press("watch")
    for name, pace, steps in (("played 30 steps", "3", 30), ("slow motion, 2 steps", "slow 2", 2)):
        if lab.iteration:
            lab.press("start")
        lab.part("stage-pace").select_option(pace)
        gaps = lab.part("stage").evaluate(FRAMES, steps)
        rows[f"{name}, between frames"] = gaps
        print(f"{name}: longest frame {max(gaps):.0f} ms of {len(gaps)}")
    return rows


def _new_targets(lab: Lab) -> dict[str, list[float]]:
    """Click targets that nobody has asked for yet; time until the stage shows the new attack."""
    times = []
    for digit in (1, 4, 6):
        first = (digit + 1) % 10
        lab.open(f"?digit={digit}&target={first}")
        times += [
            lab.part("stage").evaluate(NEW_TARGET, target) for target in range(10) if target not in (digit, first)
        ]
    return {"new target": times}


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main()
