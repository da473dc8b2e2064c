import { checkText } from "./unicode.js";

const PAD = "";
const UNKNOWN = "[UNK]";

/**
 * A vocabulary of strings: id 0 pads, id 1 is every unknown word, then come the words; the end token, when there is
 * one, has the last id. A subclass gives `tokenStrings(text)` and `continuation(text, ids)`.
 */
export class WordRules {
  constructor({ vocabulary, end_token }) {
    this.vocabulary = [PAD, UNKNOWN, ...vocabulary, ...(end_token === null ? [] : [end_token])];
    this.ids = new Map(vocabulary.map((word, index) => [word, index + 2]));
    [this.padId, this.unkId, this.endId] = [0, 1, end_token === null ? null : this.vocabulary.length - 1];
    [this.unknownText, this.vocabularySize] = [UNKNOWN, this.vocabulary.length];
  }

  /** Ids of a text, without the end token. */
  tokenize(text) {
    checkText(text);
    return this.tokenStrings(text).map((word) => this.ids.get(word) ?? this.unkId);
  }

  /** Ids of a text that is to be continued; see `BytePairTokenizer`. */
  tokenizePrompt(text) {
    return { ids: this.tokenize(text), held: 0, first: null };
  }

  /** How many of the last ids may show as other characters once more come. */
  unfinished() {
    return 0;
  }

  /** The tokens of ids as they are printed; padding and the end token are not. */
  written(ids) {
    const printed = ids.filter((id) => id !== this.padId && id !== this.endId);
    return printed.map((id) => (id === this.unkId ? this.unknownText : this.vocabulary[id]));
  }

  /** The words of a text that the vocabulary lacks, each once. */
  unknownWords(text) {
    return [...new Set(this.tokenStrings(text).filter((word) => !this.ids.has(word)))];
  }

  /** A token for a reader, by its name where it is not text. */
  shown(id) {
    return id === this.padId ? "[PAD]" : this.vocabulary[id];
  }
}

/** Words are what stands between white space. */
export class WhitespaceTokenizer extends WordRules {
  tokenStrings(text) {
    return text.match(/[^ \t\n\v\f\r]+/gu) ?? []; // other Unicode spaces are part of a word
  }

  continuation(text, ids) {
    const words = this.written(ids).join(" ");
    return words !== "" && text !== "" && !/[ \t\n\v\f\r]$/.test(text) ? ` ${words}` : words;
  }
}

/** Each character is a token. */
export class CharacterTokenizer extends WordRules {
  constructor(description) {
    super(description);
    this.unknownText = "\ufffd";
  }

  tokenStrings(text) {
    return [...text];
  }

  continuation(text, ids) {
    return this.written(ids).join("");
  }
}
