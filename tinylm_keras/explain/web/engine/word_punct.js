import { Spacing } from "./spacing.js";
import { isSpace, lastOf } from "./unicode.js";
import { WordRules } from "./words.js";

// What is neither space nor mark belongs to a word.
const BETWEEN_WORDS = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const MARK = [
  String.raw`\x00-\x08\x0e-\x1b\x21-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f`, // ASCII, without _
  String.raw`\x80-\x84\x86-\x9f\xa1-\xa9\xab\xac\xae-\xb4\xb6\xb8\xb9\xbb-\xbf\xd7\xf7`,
  String.raw`\u037e\u0387\u055a-\u055f\u0589\u05be\u05c0\u05c3\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965`,
  String.raw`\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e2e\u2e30-\u2e7f`, // dashes, quotes, arrows
  String.raw`\u3001-\u3003\u3008-\u3020\u3030\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f`, // Chinese, Japanese, Korean
  String.raw`\uff1a-\uff20\uff3b-\uff3e\uff40\uff5b-\uff65\u{1f000}-\u{1fbff}`, // and emoji
].join("");
const WORD = `[^${BETWEEN_WORDS}${MARK}]`;
// A number with its points; a word with the apostrophes and hyphens inside it; hyphens in a row; any other mark, an
// emoji with what varies it.
const WORDS_AND_MARKS = [
  String.raw`[0-9]+(?:[.,:][0-9]+)+`,
  String.raw`${WORD}+(?:['\u2019\-\u2010\u2011]${WORD}+)*`,
  `-+`,
  String.raw`[${MARK}](?:[\ufe0f\u{1f3fb}-\u{1f3ff}]|\u200d[${MARK}])*`,
].join("|");

/** Words and punctuation marks. */
export class WordPunctTokenizer extends WordRules {
  tokenStrings(text) {
    return text.match(new RegExp(WORDS_AND_MARKS, "gu")) ?? [];
  }

  tokenizePrompt(text) {
    // The ids are those without the last blank, but only a token that would get a blank in front may follow it.
    const body = text.slice(0, -1);
    if (!text.endsWith(" ") || body === "" || isSpace(lastOf(body))) return super.tokenizePrompt(text);
    const spacing = new Spacing(body);
    const isSilent = (id) => id === this.padId || id === this.endId;
    const first = this.vocabulary.map((token, id) => !isSilent(id) && spacing.needsBlank(token));
    return { ids: this.tokenize(body), held: 1, first };
  }

  continuation(text, ids) {
    const spacing = new Spacing(text);
    return this.written(ids)
      .map((token) => spacing.add(token))
      .join("");
  }
}
