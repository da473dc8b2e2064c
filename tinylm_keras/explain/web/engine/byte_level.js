// GPT-2's way to write bytes as letters: printable bytes of Latin-1 stand for themselves, the others follow from U+0100
// on, so that the blank is "Ġ".

/** The byte of each letter: Map of 256. */
function byteLetters() {
  const letters = new Map();
  const isPrintable = (byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let next = 256;
  for (let byte = 0; byte < 256; byte++) letters.set(String.fromCharCode(isPrintable(byte) ? byte : next++), byte);
  return letters;
}

export const BYTE_OF = byteLetters();
export const LETTER_OF = [...BYTE_OF.keys()]; // by the byte

/** The bytes of a token; one with letters outside the alphabet is a control token and stands for its own text. */
export function tokenBytes(token) {
  const letters = [...token];
  if (!letters.every((letter) => BYTE_OF.has(letter))) return new TextEncoder().encode(token);
  return Uint8Array.from(letters, (letter) => BYTE_OF.get(letter));
}

/** Bytes as text; what is no character becomes U+FFFD. */
export function decoded(bytes) {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** How many of the last bytes are the beginning of a character that is not complete, 0 to 3. */
export function unfinishedBytes(bytes) {
  for (let size = 1; size <= Math.min(3, bytes.length); size++) {
    const lead = bytes[bytes.length - size];
    if (lead < 0x80) return 0;
    if (lead < 0xc0) continue;
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || size >= length) return 0;
    // Some second bytes would make a number too small or too large. Those of surrogates (0xed) wait, as in Python.
    const second = bytes[bytes.length - size + 1];
    const [low, high] = { 0xe0: [0xa0, 0xbf], 0xf0: [0x90, 0xbf], 0xf4: [0x80, 0x8f] }[lead] ?? [0x80, 0xbf];
    return size === 1 || (second >= low && second <= high) ? size : 0;
  }
  return 0;
}
