import { firstOf, isAlphanumeric, isSpace, lastOf } from "./unicode.js";

const NO_BLANK_BEFORE = new Set(",.!?;:)]}\u201d\u2019\u00bb\u2026%\u2030\u00b0\u060c\u061b\u061f\u06d4\u0964\u0965");
const NO_BLANK_AFTER = new Set("([{\u201c\u2018\u201e\u201a\u00ab\u00bf\u00a1$\u00a3\u20ac\u00a5#@");
const JOINING = new Set("—/\\、。，！？：；「」『』（）《》〈〉【】〜・");

/**
 * Where a blank stands between words and marks: a text that grows token by token. It only remembers which straight
 * quotes are open, and how the text ends. A quote opens after a blank or a mark and closes otherwise; a line break
 * closes all; an apostrophe inside or after a word opens nothing.
 */
export class Spacing {
  constructor(text = "") {
    [this.tail, this.open] = ["", new Set()];
    this.read(text.slice(text.lastIndexOf("\n") + 1));
  }

  /** Append a token; return it with the blank in front that it needs. */
  add(token) {
    const written = this.needsBlank(token) ? ` ${token}` : token;
    this.read(written);
    return written;
  }

  /** Whether a blank stands between the text and this token. */
  needsBlank(token) {
    const [last, first] = [lastOf(this.tail), firstOf(token)];
    if (last === "" || isSpace(last) || isSpace(first)) return false;
    if (NO_BLANK_AFTER.has(last) || JOINING.has(last) || this.tail === "--" || this.open.has(last)) return false;
    return !(NO_BLANK_BEFORE.has(first) || JOINING.has(first) || token.startsWith("--") || this.open.has(first));
  }

  read(text) {
    const seen = [...this.tail, ...text];
    for (let place = seen.length - [...text].length; place < seen.length; place++) {
      const [mark, before] = [seen[place], seen[place - 1] ?? ""];
      const isInside = mark === "'" && isAlphanumeric(before) && isAlphanumeric(seen[place + 1] ?? "");
      if (mark === "\n") this.open.clear();
      else if ("\"`'".includes(mark) && !isInside) this.turn(mark, before);
    }
    this.tail = seen.slice(-2).join("");
  }

  turn(mark, before) {
    if (this.open.has(mark)) this.open.delete(mark);
    else if (!isAlphanumeric(before)) this.open.add(mark);
  }
}
