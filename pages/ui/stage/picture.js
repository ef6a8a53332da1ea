// The picture under attack, and the original beside it.

const TINT = [168, 139, 245]; // a changed pixel; the same in both themes, as pictures are
const RING_ON_PICTURE = { p: "#ff6470", q: "#2fd6e6" };

const greyOf = (value) => 14 + 241 * value;

function createPicture(find) {
  const now = find(".now");
  const original = find(".original");
  return {
    draw(recording, view) {
      const { k, pixel, colours, layout } = view;
      const step = recording.steps[k];
      const { pen, cell } = paintPixels(now, recording, `${k}`, (i) => pictureColour(recording, k, i));
      if (step.pair) drawChosen(pen, recording, step.pair, cell, colours);
      if (pixel !== null) pointer(pen, middleOf(recording, pixel, cell), Math.max(cell, 10));
      paintPixels(original, recording, "original", (i) => pictureColour(recording, 0, i));
      find(".picture-caption").textContent = pictureCaption(recording, step, layout);
      find(".changed-so-far").textContent = `${step.changed} ${changedWords(recording)}`;
      const before = recording.steps[0];
      find(".original-reading").innerHTML = `read as <b>${before.reads}</b>, ${percent(before.probabilities[before.reads])} sure`;
      now.setAttribute("aria-label", `The picture at iteration ${k}. ${pictureCaption(recording, step, layout)}`);
      original.setAttribute("aria-label", `The original picture of a ${recording.label}`);
    },
  };
}

/** Grey, or for a pixel that was changed the tint, darker where the pixel is darker. */
function pictureColour(recording, k, i) {
  const value = recording.value(k, i);
  if (!recording.changed(k, i)) return packed(greyOf(value), greyOf(value), greyOf(value));
  return packed(...TINT.map((channel) => channel * (0.4 + 0.6 * value)));
}

/** Ring the two pixels about to change, and name them on the sides that face away from each other. */
function drawChosen(pen, recording, { first, second }, cell, colours) {
  const [p, q] = [first, second].map((i) => middleOf(recording, i, cell));
  const apart = Math.hypot(p[0] - q[0], p[1] - q[1]);
  const radius = clamp(apart / 2 - 2, 0.55 * cell, 0.95 * cell);
  const pLeft = p[0] < q[0] || (p[0] === q[0] && p[0] > (cell * recording.width) / 2);
  for (const [name, at, left] of [["p", p, pLeft], ["q", q, p[0] === q[0] ? pLeft : !pLeft]]) {
    ring(pen, at, radius, name, RING_ON_PICTURE[name], "#000", 2.6);
    write(pen, name, clamp(at[0] + (left ? -1 : 1) * (radius + 12), 8, cell * recording.width - 8), at[1] + 6, {
      size: 18, weight: 700, colour: RING_ON_PICTURE[name], halo: "#000", font: colours.font, align: "center",
    });
  }
}

function pictureCaption(recording, step, layout) {
  if (step.stop) return "What the network sees now.";
  const words = changeWords(recording, step.sign);
  return layout === "projector" ? `Ringed: next to ${words}.` : `Ringed: the two pixels about to ${words}.`;
}
