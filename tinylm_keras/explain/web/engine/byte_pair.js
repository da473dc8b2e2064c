import { LETTER_OF, decoded, tokenBytes, unfinishedBytes } from "./byte_level.js";
import { checkText, isSpace, lastOf } from "./unicode.js";

// GPT-2's pattern: English endings, words, numbers and marks, each with the blank before it; white space.
const ENDINGS = "'s|'t|'re|'ve|'m|'ll|'d";
const WORDS = String.raw` ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+`;
const BLANKS = String.raw`\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`;
const GPT2 = new RegExp(`${ENDINGS}|${WORDS}|${BLANKS}`, "gu");
const NOT_IN_UNICODE = "\x1c\x1d\x1e\x1f"; // for Python they are white space, for Unicode and the pattern they are not

/** Frequent letters in a row are one token: the bytes of a text, joined by `merges` in their order. */
export class BytePairTokenizer {
  constructor({ vocabulary, merges, end_token }) {
    this.vocabulary = [...vocabulary, ""];
    this.vocabularySize = this.vocabulary.length;
    this.padId = vocabulary.length;
    this.unkId = null;
    this.bytes = vocabulary.map(tokenBytes);
    const ids = new Map(vocabulary.map((token, id) => [token, id]));
    this.endId = end_token === null ? null : ids.get(end_token);
    this.idOfByte = LETTER_OF.map((letter) => ids.get(letter));
    this.merges = new Map(); // by left × V + right: the rank of the merge and the token that it makes
    merges.forEach((merge, rank) => {
      const [left, right] = merge.split(" ");
      this.merges.set(ids.get(left) * this.vocabularySize + ids.get(right), { rank, id: ids.get(left + right) });
    });
    this.known = new Map(); // ids of the pieces that came before
  }

  /** Ids of a text, without the end token. */
  tokenize(text) {
    checkText(text);
    const ids = [];
    for (const [piece] of text.matchAll(GPT2)) for (const id of this.joined(piece)) ids.push(id);
    return ids;
  }

  /**
   * Ids of a text that is to be continued, whose last blank may belong to the token that comes next.
   * @returns {{ids: number[], held: number, first: boolean[]|null}} How many of the last characters the ids leave out,
   *     and the tokens that begin with these.
   */
  tokenizePrompt(text) {
    const last = lastOf(text);
    if (!isSpace(last) || NOT_IN_UNICODE.includes(last)) return { ids: this.tokenize(text), held: 0, first: null };
    // Before a word, GPT-2's pattern parts white space from its last character, and joins a blank to the word.
    const ids = this.tokenize(text.slice(0, -1));
    if (last !== " ") return { ids: [...ids, ...this.tokenize(last)], held: 0, first: null };
    const first = this.bytes.map((bytes, id) => id !== this.endId && bytes[0] === 32);
    return { ids, held: 1, first: [...first, false] };
  }

  /** What ids print, whatever the text before them. */
  continuation(text, ids) {
    return decoded(this.bytesOf(ids));
  }

  /** How many of the last ids may show as other characters once more come. */
  unfinished(ids) {
    let open = unfinishedBytes(this.bytesOf(ids.slice(-64)));
    let count = 0;
    while (open > 0) open -= this.bytesOf([ids[ids.length - ++count]]).length;
    return count;
  }

  /** The part of a text that each id stands for; a character of several tokens belongs to the last of them. */
  tokenStrings(text) {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return this.tokenize(text).map((id) => decoder.decode(this.bytes[id], { stream: true }));
  }

  unknownWords() {
    return [];
  }

  /** A token for a reader: bytes that are no whole character as U+FFFD. */
  shown(id) {
    if (id === this.padId) return "[PAD]";
    return id === this.endId ? this.vocabulary[id] : decoded(this.bytes[id]);
  }

  bytesOf(ids) {
    const parts = ids.filter((id) => id !== this.padId && id !== this.endId).map((id) => this.bytes[id]);
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let place = 0;
    for (const part of parts) {
      bytes.set(part, place);
      place += part.length;
    }
    return bytes;
  }

  /** The ids of a piece: the pair with the lowest rank is joined first, of equal ones the leftmost. */
  joined(piece) {
    let ids = this.known.get(piece);
    if (ids === undefined) {
      ids = joinedPairs(Array.from(new TextEncoder().encode(piece), (byte) => this.idOfByte[byte]), (left, right) =>
        this.merges.get(left * this.vocabularySize + right),
      );
      if (piece.length <= 32 && this.known.size < 50000) this.known.set(piece, ids);
    }
    return ids;
  }
}

/** Join pairs of ids until `mergeOf(left, right)` knows no merge of neighbours. */
function joinedPairs(ids, mergeOf) {
  const next = ids.map((_, place) => place + 1);
  const before = ids.map((_, place) => place - 1);
  const queue = new MergeQueue();
  const offer = (place) => {
    if (place < 0 || next[place] >= ids.length) return;
    const merge = mergeOf(ids[place], ids[next[place]]);
    if (merge) queue.push({ rank: merge.rank, id: merge.id, place, left: ids[place], right: ids[next[place]] });
  };
  for (let place = 0; place < ids.length; place++) offer(place);
  for (let merge = queue.pop(); merge; merge = queue.pop()) {
    const { place, left, right, id } = merge;
    const other = next[place];
    if (ids[place] !== left || other >= ids.length || ids[other] !== right) continue; // one of the two is gone
    ids[place] = id;
    ids[other] = -1;
    next[place] = next[other];
    if (next[place] < ids.length) before[next[place]] = place;
    offer(before[place]);
    offer(place);
  }
  return ids.filter((id) => id >= 0);
}

/** A heap: the merge with the lowest rank comes first, of equal ones the leftmost. */
class MergeQueue {
  constructor() {
    this.items = [];
  }

  isBefore(a, b) {
    const [first, second] = [this.items[a], this.items[b]];
    return first.rank < second.rank || (first.rank === second.rank && first.place < second.place);
  }

  swap(a, b) {
    [this.items[a], this.items[b]] = [this.items[b], this.items[a]];
  }

  push(item) {
    let place = this.items.push(item) - 1;
    for (let above = (place - 1) >> 1; place > 0 && this.isBefore(place, above); above = (place - 1) >> 1) {
      this.swap(place, above);
      place = above;
    }
  }

  pop() {
    if (this.items.length < 2) return this.items.pop();
    const [first] = this.items;
    this.items[0] = this.items.pop();
    for (let place = 0; ; ) {
      let least = place;
      for (const below of [2 * place + 1, 2 * place + 2]) {
        if (below < this.items.length && this.isBefore(below, least)) least = below;
      }
      if (least === place) return first;
      this.swap(place, least);
      place = least;
    }
  }
}
