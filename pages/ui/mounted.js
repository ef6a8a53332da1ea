// Keeps one object per mounted component, since Streamlit calls its function again at every rerun.

/** @type {WeakMap<Element, { end(): void }>} */
const pieces = new WeakMap(); // one piece per mounted root

/**
 * Return the piece that is mounted at parentElement, made by create() at first, and what Streamlit is to call in the
 * end. It calls that also for a call that another one has overtaken, so the piece ends only when its root is gone.
 * @template {{ end(): void }} Piece
 * @param {Element} parentElement
 * @param {() => Piece} create
 * @returns {[piece: Piece, end: () => void]}
 */
export function mounted(parentElement, create) {
  if (!pieces.has(parentElement)) pieces.set(parentElement, create());
  const piece = /** @type {Piece} */ (pieces.get(parentElement));
  const end = () => !parentElement.isConnected && pieces.delete(parentElement) && piece.end();
  return [piece, end];
}
