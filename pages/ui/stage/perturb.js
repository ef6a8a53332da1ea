// Perturb: the two pixels before and after, the forecast against what happened, and at the end the verdict.

function createPerturb(find) {
  return {
    draw(recording, view) {
      const step = recording.steps[view.k];
      find(".change").hidden = !step.pair;
      find(".verdict").hidden = !step.stop;
      find(".perturb-caption").textContent = perturbCaption(recording, step, view.layout);
      if (step.pair) find(".change").innerHTML = changeHtml(recording, view.k);
      find(".verdict").innerHTML = step.stop ? verdictHtml(recording, view.k) : "";
    },
  };
}

function perturbCaption(recording, step, layout) {
  if (step.stop) return "The loop ends when one of three things happens.";
  const words = changeWords(recording, step.sign).replace("turn", "Turn both pixels").replace("get", "Make both pixels");
  return layout === "projector" ? `${words.replace(" pixels", "")}, ask again.` : `${words}, then ask the network again.`;
}

function changeHtml(recording, k) {
  const { pair } = recording.steps[k];
  const target = `<b class="target">${recording.target}</b>`;
  const what = recording.output === "logits" ? `score of ${target} (logit)` : `probability of ${target}`;
  const longest = Math.max(Math.abs(pair.forecast), Math.abs(pair.happened)) || 1;
  const bar = (name, value, style) => `
    <span>${name}</span><span class="track"><i class="${style}${value < 0 ? " negative" : ""}" style="width:${(100 * Math.abs(value)) / longest}%"></i></span>
    <b>${slope(value, true)}</b>`;
  return `
    <div class="swatches">${swatches("p", pair.before[0], pair.after[0])}${swatches("q", pair.before[1], pair.after[1])}</div>
    <div class="promise"><h3>Change in the ${what}</h3>
      ${bar("forecast", pair.forecast, "outline")}${bar("happened", pair.happened, "solid")}</div>
    <div class="answer">${answerHtml(recording, k, target)}</div>`;
}

function swatches(name, before, after) {
  const box = (value) => `<span class="pixel ${name}" style="background:rgb(${Array(3).fill(greyOf(value)).join(" ")});color:${value > 0.55 ? "#000" : "#fff"}">${number(value, 2)}</span>`;
  return `<span class="swatch-row"><b class="${name}">${name}</b>${box(before)}<span class="quiet">→</span>${box(after)}</span>`;
}

function answerHtml(recording, k, target) {
  const after = recording.steps[k + 1];
  const [from, to] = [k, k + 1].map((at) => percent(recording.steps[at].probabilities[recording.target]));
  const reached = after.stop === "REACHED_TARGET";
  return `<h3>A ${target} yet?</h3>
    <p><b>${reached ? "Yes" : "No"}:</b> ${target} is ${from} → ${to}</p>
    <p>${after.stop ? "The loop ends here." : "Go round again."}</p>`;
}

function verdictHtml(recording, k) {
  const step = recording.steps[k];
  const share = ((100 * step.changed) / recording.pixels).toFixed(1);
  const cost = k ? `${plural(k, "pair")}, ${plural(step.changed, "pixel")}: ${share} % of the picture.` : "Not a single pixel was changed.";
  const ending = ({ name, stops, fact }) => {
    const fired = stops.includes(step.stop);
    return `<li class="${fired ? "fired" : ""}"><span aria-hidden="true">${fired ? "✓" : ""}</span><span>${name}</span><span>${fact(recording, step)}</span></li>`;
  };
  return `
    <div><p class="sentence">${verdictSentence(recording, step)}</p><p class="cost">${cost}</p></div>
    <ul>${ENDINGS.map(ending).join("")}</ul>`;
}
