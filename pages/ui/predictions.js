// Keeps the viewer's predictions of pairs in this browser, so that they are there after F5.

/** @import { Prediction, Recording } from "../../jsma/stage/scripts/types.js" */

const KEY = "jsma predictions";
const VERSION = 1;
const MOST = 100; // recordings; the oldest goes first

/** What was predicted of a recording, without all that cannot be a prediction of it. @type {(recording: Recording) => Map<number, Prediction>} */
export function keptPredictions(recording) {
  const rows = readAll().find(([name]) => name === recording.name)?.[1];
  return new Map(Array.isArray(rows) ? rows.filter((row) => isPrediction(row, recording.last)) : []);
}

/** @type {(recording: Recording, tally: Map<number, Prediction>) => void} */
export function keepPredictions(recording, tally) {
  const others = readAll().filter(([name]) => name !== recording.name);
  const all = [...others, [recording.name, [...tally]]].slice(-MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify({ version: VERSION, all }));
  } catch {
    // no storage in this browser: predictions last as long as the page
  }
}

/** @type {() => [name: string, rows: unknown][]} */
function readAll() {
  try {
    const { version, all } = JSON.parse(localStorage.getItem(KEY));
    return version === VERSION ? all.filter((one) => Array.isArray(one) && typeof one[0] === "string") : [];
  } catch {
    return [];
  }
}

/** @type {(row: unknown, last: number) => boolean} */
function isPrediction(row, last) {
  if (!Array.isArray(row) || row.length !== 2 || row[1] === null || typeof row[1] !== "object") return false;
  const [k, { rank, share, score }] = row;
  const isRank = rank === null || (Number.isInteger(rank) && rank > 0);
  return Number.isInteger(k) && k >= 0 && k < last && isRank && share >= 0 && share <= 1 && Number.isFinite(score);
}
