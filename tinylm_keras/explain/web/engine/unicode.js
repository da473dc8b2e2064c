import { Refusal } from "./refusal.js";

// Python and JavaScript mean different characters by "white space", so the classes are spelled out here.

/** What str.isspace() is true for. */
const PYTHON_SPACE = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/u;
const LETTER_OR_NUMBER = /^[\p{L}\p{N}]$/u;
const HALF_A_PAIR = /[\ud800-\udfff]/u; // with the flag u only those that stand alone

/** Whether a character is white space for Python; false for an empty string. */
export function isSpace(character) {
  return PYTHON_SPACE.test(character);
}

/** Whether a character is a letter or a number; false for an empty string. */
export function isAlphanumeric(character) {
  return LETTER_OR_NUMBER.test(character);
}

/** Throw for text that cannot be written as UTF-8, as Python refuses it. */
export function checkText(text) {
  if (HALF_A_PAIR.test(text)) {
    throw new Refusal("The text holds half of a character (an unpaired surrogate). Enter it again without it.");
  }
}

/** The last character of a text, "" where there is none. */
export function lastOf(text) {
  const code = text.charCodeAt(text.length - 1);
  return text.slice(code >= 0xdc00 && code < 0xe000 ? -2 : -1);
}

/** The first character of a text, "" where there is none. */
export function firstOf(text) {
  return text === "" ? "" : String.fromCodePoint(text.codePointAt(0));
}
