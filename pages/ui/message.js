// Reads what Python sends to a component as bytes: a line of JSON, then binary content.

/** Return the JSON as `head` and the rest as `content`. @type {(bytes: Uint8Array<ArrayBuffer>) => { head: any, content: Uint8Array<ArrayBuffer> }} */
export function readMessage(bytes) {
  const lineEnd = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, lineEnd)));
  return { head, content: bytes.subarray(lineEnd + 1) };
}
