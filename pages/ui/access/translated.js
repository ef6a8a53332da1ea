// A browser that translates the page puts <font> elements in the places of pieces of text. Streamlit (React) goes on
// writing into the pieces that are no longer shown, so the page would keep old numbers, and fails when it removes one.
// So this puts a piece back when something is written into it (the browser then translates it again), and when React
// names a piece that has been replaced, it is given what stands in its place.

const KEPT = Symbol.for("jsma translated text"); // once a page, however often the component is mounted

export default function () {
  if (globalThis[KEPT]) return;
  globalThis[KEPT] = true;
  /** @type {WeakMap<Node, Element>} */
  const standIns = new WeakMap(); // by piece of text, the <font> that is shown in its place

  /** @type {WeakSet<Node>} */
  const taken = new WeakSet(); // the stand-ins

  const writing = new MutationObserver((changes) => {
    for (const { target } of changes) putBack(standIns, target);
  });
  const translating = new MutationObserver((changes) => {
    for (const { removedNodes, addedNodes, previousSibling, nextSibling } of changes) {
      for (const piece of removedNodes) {
        if (piece.nodeType !== Node.TEXT_NODE || piece.isConnected) continue;
        const near = [...addedNodes, previousSibling, nextSibling];
        const standIn = near.find((node) => node?.nodeName === "FONT" && !taken.has(node)); // not that of a neighbour
        if (!standIn) continue;
        taken.add(standIn);
        standIns.set(piece, /** @type {Element} */ (standIn));
        writing.observe(piece, { characterData: true });
      }
    }
  });
  translating.observe(document.body, { childList: true, subtree: true });
  nameStandIns(standIns);
}

/** Show a piece of text again in the place of its translation. @type {(standIns: WeakMap<Node, Element>, piece: Node) => void} */
function putBack(standIns, piece) {
  if (!piece.isConnected && standIns.get(piece)?.isConnected) standIns.get(piece).replaceWith(piece);
  standIns.delete(piece);
}

/**
 * Let the page remove a piece of text that is translated, and insert something before it: it means what is shown.
 * @type {(standIns: WeakMap<Node, Element>) => void}
 */
function nameStandIns(standIns) {
  const { removeChild, insertBefore } = Node.prototype;
  /** @type {(parent: Node, node: Node | null) => Node | null} */
  const shown = (parent, node) => {
    const standIn = node && node.parentNode !== parent ? standIns.get(node) : null;
    return standIn?.parentNode === parent ? standIn : node;
  };
  Node.prototype.removeChild = function (node) {
    removeChild.call(this, shown(this, node));
    return node;
  };
  Node.prototype.insertBefore = function (added, node) {
    insertBefore.call(this, added, shown(this, node));
    return added;
  };
}
