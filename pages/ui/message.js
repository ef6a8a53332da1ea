// What Python sends to a component as bytes: a line of JSON, then the rest.

/** Split it into the two. */
export function readMessage(bytes) {
  const lineEnd = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, lineEnd)));
  return { head, content: bytes.subarray(lineEnd + 1) };
}
