// What the network reads: the ten probabilities and logits now, and two of them over all iterations.

function createReading(find) {
  const bars = find(".bars");
  return {
    build(recording) {
      bars.innerHTML = Array.from({ length: recording.classes }, (_, digit) => {
        const kind = digit === recording.target ? "target" : digit === recording.label ? "source" : "other";
        return `<li class="${kind}"><span class="digit">${digit}</span><span class="track"><i></i></span>
          <span class="share"></span><span class="logit"></span></li>`;
      }).join("");
    },
    draw(recording, view) {
      const step = recording.steps[view.k];
      const pill = find(".reads");
      pill.textContent = step.reads;
      pill.className = `pill reads ${step.reads === recording.target ? "target" : step.reads === recording.label ? "source" : "other"}`;
      [...bars.children].forEach((bar, digit) => {
        const share = step.probabilities[digit];
        bar.querySelector("i").style.width = `${100 * share}%`;
        bar.querySelector(".share").textContent = share >= 0.0005 ? percent(share) : "";
        bar.querySelector(".logit").textContent = number(step.outputs[digit], 1);
        bar.title = `${digit}: ${percent(share)} sure, logit ${number(step.outputs[digit], 2)}`;
      });
      drawLines(find(".lines"), recording, view);
    },
  };
}

/** The probabilities of source and target along the iterations; what is still to come is dotted. */
function drawLines(canvas, recording, { k, colours }) {
  const { pen, width, height } = prepare(canvas);
  const { t1 } = colours.size;
  const style = { size: t1, font: colours.font, colour: colours.ink3 };
  const [left, right, top, bottom] = [18, width - 40, 8, height - t1 - 6];
  const x = (at) => left + (recording.last ? at / recording.last : 0) * (right - left);
  const y = (share) => bottom - share * (bottom - top);
  for (const share of [0, 0.5, 1]) {
    pen.fillStyle = colours.line;
    pen.fillRect(left, y(share), right - left, 1);
    write(pen, `${100 * share} %`, width, y(share) + t1 / 3, { ...style, align: "right" });
  }
  for (const [name, digit] of [["source", recording.label], ["target", recording.target]]) {
    const share = (at) => recording.steps[at].probabilities[digit];
    const line = (from, to, dashes) => {
      pen.setLineDash(dashes);
      pen.beginPath();
      for (let at = from; at <= to; at++) pen.lineTo(x(at), y(share(at)));
      pen.stroke();
      pen.setLineDash([]);
    };
    pen.strokeStyle = colours[name];
    pen.lineWidth = 2;
    line(0, k, []);
    line(k, recording.last, [2, 3]);
    pen.fillStyle = colours[name];
    pen.beginPath();
    pen.arc(x(k), y(share(k)), 4, 0, 2 * Math.PI);
    pen.fill();
    write(pen, `${digit}`, 0, clamp(y(share(0)) + 4, t1, bottom + 4), { ...style, size: t1 + 1, weight: 700, colour: colours[name] });
  }
  pen.fillStyle = colours.ink;
  pen.fillRect(x(k) - 0.5, top - 4, 1, bottom - top + 8);
  write(pen, "now", clamp(x(k), left + 12, right), height - 2, { ...style, colour: colours.ink, align: "center" });
  if (x(k) - left > 50) write(pen, "start", left, height - 2, style);
  const shares = [recording.label, recording.target].map((digit) => `${digit}: ${percent(recording.steps[k].probabilities[digit])}`);
  canvas.setAttribute("aria-label", `Probabilities along the iterations; at iteration ${k}, ${shares.join(", ")}.`);
}
