// What Python writes: jsma/stage/texts.py puts the texts in place of this module when the scripts are joined.

/** @import { Stop } from "./types.js" */

/** @type {Record<string, string>} by term, what it means; HTML */
export const GLOSSARY = {};

/** @type {Partial<Record<Stop, { value: string, title: string, success: boolean }>>} how an attack ends */
export const STOPS = {};

/** @type {Record<string, { room: boolean, a: string, b: string }>} by rule: whether it weighs by room, what stands under the maps */
export const RULES = {};
