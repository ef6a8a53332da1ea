// Stages that step together: what moves one moves all others of its group on the page.

const MOVED = "jsma-moved";

/**
 * Return a member of a group: moved(name, k) tells the others of group `name` that this one is at iteration k, end() leaves.
 * follow(name, k) is called when another member has moved. page: the document that all of them are in.
 * @type {(page: EventTarget, follow: (name: string, k: number) => void) => { moved(name: string, k: number): void, end(): void }}
 */
export function createMember(page, follow) {
  const member = {
    moved: (name, k) => page.dispatchEvent(new CustomEvent(MOVED, { detail: { from: member, name, k } })),
    end: () => page.removeEventListener(MOVED, listen),
  };
  /** @type {(event: Event) => void} */
  function listen(event) {
    const { from, name, k } = /** @type {CustomEvent} */ (event).detail;
    if (from !== member) follow(name, k);
  }
  page.addEventListener(MOVED, listen);
  return member;
}
