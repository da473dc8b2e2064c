import { Generator } from "./random.js";
import { Refusal, demand } from "./refusal.js";
import { Candidates, checkedRules, chosen } from "./sampler.js";
import { TextStream } from "./text_stream.js";

const MOST_TOKENS = 1e6;

/** A seed as a whole number of any size. */
function checkedSeed(seed) {
  const isWhole = typeof seed === "bigint" || Number.isSafeInteger(seed);
  const isSeed = isWhole || (typeof seed === "string" && /^\d+$/.test(seed));
  demand(isSeed && BigInt(seed) >= 0n, "The seed must be a whole number of at least 0.", seed);
  return BigInt(seed);
}

/** A text that a model writes, token by token; what has been written can be taken back. */
export class WritingSession {
  /**
   * @param {LoadedModel} model
   * @param {string} prompt
   * @param {Object} options temperature, top_k, top_p, min_p, repetition_penalty, seed, max_new_tokens, stop,
   *     allow_unknown; what is undefined is the model's default.
   */
  constructor(model, prompt, options = {}) {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const all = { seed: 0, allow_unknown: false, ...model.defaults, ...given };
    demand(Number.isInteger(all.max_new_tokens) && all.max_new_tokens >= 0 && all.max_new_tokens <= MOST_TOKENS,
      "The number of new tokens must be a whole number from 0 to 1,000,000.", all.max_new_tokens);
    [this.model, this.prompt, this.stop, this.rules] = [model, prompt, all.stop, checkedRules(all)];
    this.generator = new Generator(checkedSeed(all.seed));
    this.allowed = model.allowed(all.allow_unknown);
    const { ids, held, first } = model.promptIds(prompt, this.allowed);
    [this.ids, this.promptLength, this.held, this.first] = [ids, ids.length, held, first];
    this.limit = this.promptLength + all.max_new_tokens; // of ids
    this.start = Math.max(0, this.promptLength - model.network.receptiveField); // the model reads from here on
    this.uniforms = []; // the random number of each new token
    this.cache = this.logits = null;
    this.rewrite();
    if (!ids.length && all.max_new_tokens) this.open();
  }

  /** Begin an empty text with a token, drawn as often as training texts began with it. */
  open() {
    const firstTokens = this.model.firstTokens.filter(([id]) => this.allowed[id]);
    if (!firstTokens.length) {
      const why = "this model has no end token to start from, and no record of how texts begin";
      throw new Refusal(`Enter a first word: ${why}.`);
    }
    const sums = [];
    let total = 0;
    for (const [, count] of firstTokens) sums.push((total += count));
    const target = this.generator.double() * total;
    this.opening = firstTokens[sums.findIndex((sum) => sum > target)][0];
    this.append(this.opening);
  }

  /** Whether the text has ended: "end token", "stop", "length", or null. */
  get ended() {
    const { endId } = this.model;
    if (this.stream.stopped) return "stop";
    if (this.ids.length > this.promptLength && this.ids.at(-1) === endId) return "end token";
    return this.ids.length >= this.limit ? "length" : null;
  }

  get done() {
    return this.ended !== null;
  }

  /** The prompt, and what is certain of the rest. */
  get text() {
    const { text, released } = this.stream;
    if (this.done) return text;
    return released <= this.prompt.length ? this.prompt : text.slice(0, released);
  }

  /** What may come next; null at the end. */
  next() {
    if (this.done) return null;
    const logits = this.currentLogits();
    const parts = this.model.network.parts ? this.model.network.parts(this.hidden) : null;
    return new Candidates(logits, this.uniform(), this.rules, this.allowedNext(), this.seen(), parts);
  }

  /** Write the next token; null at the end. */
  write() {
    if (this.done) return null;
    const logits = this.currentLogits().slice();
    const id = chosen(logits, this.uniform(), this.rules, this.allowedNext(), this.seen());
    return { id, piece: this.append(id) };
  }

  /** Write this token instead; null at the end. */
  force(id) {
    if (this.done) return null;
    demand(Number.isInteger(id) && this.allowedNext()[id], "This token cannot be written.", id);
    return { id, piece: this.append(id) };
  }

  /** Remove the last tokens that were written. Writing on writes the same again: each place has its random number. */
  takeBack(count = 1) {
    this.ids.length = Math.max(this.promptLength, this.ids.length - count);
    this.logits = null;
    this.rewrite();
    if (!this.ids.length && this.opening !== undefined) this.append(this.opening);
  }

  /** Use other rules from the next token on. */
  setRules(rules) {
    const isGiven = ([name, value]) => value !== undefined && name in this.rules;
    const given = Object.fromEntries(Object.entries(rules).filter(isGiven));
    this.rules = checkedRules({ ...this.rules, ...given });
  }

  /** Allow more tokens, from here on. */
  extend(count) {
    this.limit = Math.min(this.ids.length + count, this.promptLength + MOST_TOKENS);
    this.rewrite();
  }

  append(id) {
    this.ids.push(id);
    this.logits = null;
    const isEnd = id === this.model.endId;
    const isLast = isEnd || this.ids.length >= this.limit;
    return this.stream.feed(isEnd ? [] : [id], isLast);
  }

  /** Make the text of the ids anew. */
  rewrite() {
    this.stream = new TextStream(this.model.tokenizer, this.prompt, this.stop, this.held);
    const written = this.ids.slice(this.promptLength);
    if (!written.length && this.limit === this.promptLength) this.stream.feed([], true);
    written.forEach((id, place) => {
      const isEnd = id === this.model.endId;
      this.stream.feed(isEnd ? [] : [id], isEnd || this.promptLength + place + 1 >= this.limit);
    });
  }

  /** The random number of the next token. */
  uniform() {
    const place = this.ids.length - this.promptLength - (this.opening === undefined ? 0 : 1);
    while (this.uniforms.length <= place) this.uniforms.push(this.generator.float());
    return this.uniforms[place];
  }

  seen() {
    return this.rules.repetition_penalty === 1 ? [] : new Set(this.ids.slice(this.start));
  }

  /** The tokens that may come next: after a prompt that ends with a blank, those that begin with it. */
  allowedNext() {
    if (this.first === null || this.ids.length > this.promptLength) return this.allowed;
    return this.allowed.map((good, id) => (good && this.first[id] ? 1 : 0));
  }

  /** Logits after the last id. */
  currentLogits() {
    if (this.logits !== null) return this.logits;
    const { network } = this.model;
    // A learned position belongs to a place in the window, so moving the window changes every vector.
    const isMoving = !network.slidingWindow && this.ids.length - this.start > network.contextLength;
    const begin = isMoving ? this.ids.length - network.contextLength : this.start;
    const last = this.ids.length - 1;
    let from = this.cache === null ? -1 : Math.min(this.cached, last);
    const isUsable = from >= begin && this.cacheBegin === begin;
    if (!isUsable || (from < this.cached && !this.cache.truncate(from - begin))) {
      [this.cache, this.cacheBegin, from] = [network.emptyCache(), begin, begin];
    }
    this.hidden = network.steps(this.ids.slice(from), this.cache, null).at(-1);
    this.logits = network.head(this.hidden);
    this.cached = last + 1; // ids in the cache
    if (this.logits.some((logit) => !Number.isFinite(logit))) {
      this.cache = this.logits = null;
      throw new Refusal("The model's logits are not finite numbers, so no token can be chosen: its weights are damaged.");
    }
    return this.logits;
  }
}

/** What Python's `model.generate(prompt, …)` returns. */
export function writeText(model, prompt, options) {
  const session = new WritingSession(model, prompt, options);
  while (session.write() !== null);
  return session.text;
}
