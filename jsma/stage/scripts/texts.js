// What Python writes: jsma/stage/pieces.py puts the texts in place of this module when it joins the scripts.

/** @type {Record<string, string>} by term, what it means; HTML */
export const GLOSSARY = {};
