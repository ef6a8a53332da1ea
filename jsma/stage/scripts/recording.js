// The recorded attack as the other scripts see it. The bytes are laid out by jsma/stage/codec.py.

/** @import { Recording, Scope } from "./types.js" */

const WHITE = 65535;

/**
 * Return the recording: its facts, and for each step k the arrays, as views into one copy of `payload`.
 * @type {(payload: Uint8Array) => Recording}
 */
export function readRecording(payload) {
  const buffer = payload.slice().buffer; // a copy starts at a multiple of eight, as typed arrays must
  const headerLength = new DataView(buffer).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)));
  const pixels = facts.height * facts.width;
  let position = 4 + headerLength;
  const perStep = (ArrayType, length) => {
    const all = new ArrayType(buffer, position, facts.steps.length * length);
    position += all.byteLength;
    return (k) => all.subarray(k * length, (k + 1) * length);
  };
  const targetGradient = perStep(Float32Array, pixels);
  const othersGradient = perStep(Float32Array, pixels);
  const jacobian = perStep(Int16Array, facts.classes * pixels);
  const image = perStep(Uint16Array, pixels);
  const domain = perStep(Uint8Array, pixels);
  return {
    ...facts,
    pixels,
    last: facts.steps.length - 1,
    value: (k, pixel) => image(k)[pixel] / WHITE,
    changed: (k, pixel) => image(k)[pixel] !== image(0)[pixel],
    inDomain: (k, pixel) => domain(k)[pixel] === 1,
    a: (k, pixel) => targetGradient(k)[pixel],
    b: (k, pixel) => othersGradient(k)[pixel],
    // In the plane, right and up are good, whichever way the pixels are changed.
    pull: (k, pixel) => facts.steps[k].sign * targetGradient(k)[pixel],
    push: (k, pixel) => -facts.steps[k].sign * othersGradient(k)[pixel],
    derivative: (k, digit, pixel) => jacobian(k)[digit * pixels + pixel] * facts.steps[k].jacobian_unit,
    /** One map of the Jacobian, in units of the step's jacobian_unit. */
    map: (k, digit) => jacobian(k).subarray(digit * pixels, (digit + 1) * pixels),
  };
}

/**
 * Return where the colours of digit's map end at step k: of this map, of this step, or of the whole trace.
 * @type {(recording: Recording, k: number, digit: number, scope: Scope) => number}
 */
export function colourLimit(recording, k, digit, scope) {
  const step = recording.steps[k];
  const limit = { map: step.map_limits[digit], step: step.jacobian_limit, trace: recording.jacobian_limit }[scope];
  return roundedLimit(limit);
}

/** Round up to a number that reads well: two digits, the second 0 or 5. @type {(limit: number) => number} */
function roundedLimit(limit) {
  if (!(limit > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(limit)) / 2;
  return Math.ceil(limit / unit - 1e-9) * unit;
}
