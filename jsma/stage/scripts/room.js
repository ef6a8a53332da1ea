// What the stage makes of the room it has: which layout it takes, and how far it is enlarged to use a large screen.

/** The room, in CSS pixels, in which a layout shows the three steps without scrolling. @typedef {{ wide: number, high: number }} Room */

/** @type {Room} */
const DESK = { wide: 1092, high: 950 };
/** @type {Room} */
const PROJECTOR = { wide: 1160, high: 764 };
/** The projector's layout without what only one viewer needs. @type {Room} */
export const PRESENTED = { wide: 1160, high: 720 };
const LOW = 800; // a desk that is less high has less on it
const LONG = 1.6; // from this ratio of width to height on, Perturb stands beside Saliency rather than below it
const NARROW = 860;
const LEGIBLE = 0.65; // what is presented is made smaller down to this, which leaves the smallest text 10 pixels

/** How far something that needs `room` can be enlarged. @type {(room: Room, width: number, height: number) => number} */
const enlarged = ({ wide, high }, width, height) => Math.min(width / wide, height / high);

/**
 * The layout for a place of this width in a window of this height, in pixels of the window, and how far it is enlarged.
 * @type {(width: number, height: number, presented: boolean) => { layout: "desk" | "projector" | "phone", zoom: number, low: boolean }}
 */
export function layoutFor(width, height, presented) {
  if (presented) {
    const zoom = enlarged(PRESENTED, width, height);
    return zoom < LEGIBLE ? { layout: "phone", zoom: 1, low: false } : { layout: "projector", zoom, low: false };
  }
  const low = height < LOW;
  if (width < NARROW) return { layout: "phone", zoom: 1, low };
  const layout = width >= PROJECTOR.wide && (low || width >= LONG * height) ? "projector" : "desk";
  const zoom = enlarged(layout === "desk" ? DESK : PROJECTOR, width, height);
  return { layout, zoom: Math.max(1, Math.floor(zoom * 100) / 100), low };
}
