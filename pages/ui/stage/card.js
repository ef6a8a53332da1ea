// Why this pair: the formula with its numbers, the runners-up, and how many pairs were ruled out.

function createCard(find) {
  const card = find(".card");
  return {
    draw(recording, view) {
      const step = recording.steps[view.k];
      card.innerHTML = step.pair ? whyThisPair(recording, step, view) : fromStartToEnd(recording, view);
    },
  };
}

function whyThisPair(recording, step, { k, layout }) {
  const { first, second, alpha, beta, score } = step.pair;
  const brighter = step.sign > 0;
  const where = (pixel) => place(recording, pixel, layout);
  const line = (name, of, sum, test) => `
    <tr><th scope="row">${name}</th>
      <td class="p">${slope(of(k, first))}</td><td class="sign">+</td>
      <td class="q">${slope(of(k, second))}</td><td class="sign">=</td>
      <td class="sum">${slope(sum)}</td><td class="test">${test}</td></tr>`;
  return `
    <h3>Why this pair</h3>
    <table class="formula">
      <tr><td></td><th scope="col" class="p">p<br>${where(first)}</th><td></td>
        <th scope="col" class="q">q<br>${where(second)}</th><td></td><th scope="col">sum</th><td></td></tr>
      ${line("a", recording.a, alpha, `α ✓ ${brighter ? "above" : "below"} 0`)}
      ${line("b", recording.b, beta, `β ✓ ${brighter ? "below" : "above"} 0`)}
    </table>
    <p class="score"><span>score = −α × β =</span> <b>${slope(score)}</b> <span class="quiet">the highest of all</span></p>
    <h3>Runners-up</h3>
    <table class="runners">${step.best_pairs.slice(1, layout === "projector" ? 4 : 5).map((pair, at) => runnerUp(pair, at, step, where)).join("")}</table>
    ${pairCounts(step)}`;
}

function runnerUp([first, second, score], at, step, where) {
  const named = (pixel) => (pixel === step.pair.first ? ' class="p"' : pixel === step.pair.second ? ' class="q"' : "");
  return `<tr><td class="quiet">${at + 2}</td><td${named(first)}>${where(first)}</td><td class="quiet with">with</td>
    <td${named(second)}>${where(second)}</td><td class="value">${slope(score)}</td></tr>`;
}

function pairCounts(step) {
  const { compared, admissible } = step.counts;
  return `
    <h3 class="compared">${counted(compared)} pairs compared</h3>
    <span class="meter wide" aria-hidden="true"><i style="width:${(100 * admissible) / Math.max(1, compared)}%"></i></span>
    <p class="sides"><b class="target">${counted(admissible)} pass</b><span class="quiet">${counted(compared - admissible)} rejected</span></p>`;
}

/** After the last step: what the whole attack moved. */
function fromStartToEnd(recording, { k }) {
  const { target, label, steps } = recording;
  const [before, after] = [steps[0], steps[k]];
  const pairs = steps.filter((step) => step.pair).map((step) => step.pair);
  const name = (digit) => `<b class="${digit === target ? "target" : "source"}">${digit}</b>`;
  const line = (what, from, to, kind = "") => `<tr><th scope="row">${what}</th><td class="quiet">${from}</td><td class="quiet">→</td><td class="end ${kind}">${to}</td></tr>`;
  const sure = (digit, kind) => line(`sure of ${name(digit)}`, percent(before.probabilities[digit]), percent(after.probabilities[digit]), kind);
  const logit = (digit) => line(`score of ${name(digit)} (logit)`, number(before.outputs[digit], 2), number(after.outputs[digit], 2));
  return `
    <h3>From start to end</h3>
    <table class="journey">
      <tr><td></td><th scope="col">start</th><td></td><th scope="col">end</th></tr>
      ${sure(target, "target")}${sure(label, "source")}${logit(target)}${logit(label)}
      ${pairs.length ? line("score of the best pair", slope(pairs[0].score), slope(pairs.at(-1).score)) : ""}
      ${line("pixels changed", 0, after.changed)}
    </table>
    ${pairs.length ? promisesKept(recording, pairs) : ""}`;
}

function promisesKept(recording, pairs) {
  const total = (what) => pairs.reduce((sum, pair) => sum + pair[what], 0);
  const kind = recording.output === "logits" ? "score" : "probability";
  return `<p class="lesson">The ${plural(pairs.length, "forecast")} promised <b>${slope(total("forecast"), true)}</b> for the
    ${kind} of <b class="target">${recording.target}</b>; it moved by <b>${slope(total("happened"), true)}</b>. Each forecast
    is a straight line; the network bends.</p>`;
}
