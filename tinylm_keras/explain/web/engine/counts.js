import { Network } from "./network.js";
import { logSoftmax, softmax } from "./parts.js";

const LEAST = Math.fround(1e-30); // the logarithm of what cannot come would not be finite
const { fround } = Math;

/**
 * NGramLM: smoothed counts. The contexts are a tree, oldest token first; context c has the successors `token[e]` for e
 * from `first[c]` to `first[c + 1]`, and the successor e leads to the context V + e, which is one token longer. What
 * follows c has the probability `backoff[c]` × what it has after the shorter context, plus `value[e]`.
 */
export class NGramLM extends Network {
  constructor(config, weights) {
    super(config);
    const [size, contexts, entries] = [config.vocabulary_size, config.num_contexts, config.num_counts];
    this.slidingWindow = true;
    this.longest = this.receptiveField = Math.max(1, config.order - 1);
    this.unigram = weights.take("counts.unigram", size);
    this.first = new Uint32Array(contexts + 2); // the sums of how many successors each has
    const successors = weights.stored("counts.successors", contexts + 1);
    for (let i = 0; i < successors.length; i++) this.first[i + 1] = this.first[i] + successors[i];
    this.backoff = weights.takeLevels("counts.backoff", contexts + 1);
    this.token = weights.stored("counts.token", entries);
    this.value = weights.takeLevels("counts.value", entries);
    this.unknown = contexts; // the context of all that was not counted
  }

  static shapes() {
    return [];
  }

  /** The contexts that end at the last token, of 1 to `longest` tokens. */
  emptyCache() {
    return { contexts: new Array(this.longest).fill(this.unknown), truncate: () => false };
  }

  step(id, cache, record) {
    const longer = cache.contexts.slice(0, -1).map((context) => {
      const entry = this.find(context, id);
      return entry < 0 ? this.unknown : Math.min(entry + this.vocabularySize, this.unknown);
    });
    cache.contexts = [id, ...longer];
    if (record) record.contexts = cache.contexts;
    return cache.contexts;
  }

  head(contexts) {
    return this.probabilities(contexts).map((share) => Math.log(Math.max(share, LEAST)));
  }

  /** How likely each token is after these contexts; each step is rounded as Python rounds it. */
  probabilities(contexts) {
    const through = new Float32Array(contexts.length + 1).fill(1);
    for (let i = contexts.length - 1; i >= 0; i--) through[i] = through[i + 1] * this.backoff[contexts[i]];
    const shares = this.unigram.map((share) => share * through[0]);
    contexts.forEach((context, i) => {
      for (let entry = this.first[context]; entry < this.first[context + 1]; entry++) {
        shares[this.token[entry]] += fround(through[i + 1] * this.value[entry]);
      }
    });
    return shares;
  }

  /** How many tokens the longest context has that something is known to follow. */
  known(contexts) {
    return contexts.reduce((most, context, i) => (this.first[context + 1] > this.first[context] ? i + 1 : most), 0);
  }

  /** The entry of a token among the successors of a context, or -1. */
  find(context, id) {
    let [low, high] = [this.first[context], this.first[context + 1]];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.token[middle] < id) low = middle + 1;
      else high = middle;
    }
    return low < this.first[context + 1] && this.token[low] === id ? low : -1;
  }
}

/** MixtureLM: the next token is the network's with some probability, else that of the counts. */
export class MixtureLM extends Network {
  /** @param {Network} network @param {NGramLM} counts */
  constructor(config, weights, network, counts) {
    super(config);
    [this.network, this.counts] = [network, counts];
    [this.slidingWindow, this.blocks, this.heads] = [network.slidingWindow, network.blocks, network.heads];
    this.receptiveField = Math.max(network.receptiveField, counts.receptiveField);
    const shares = weights.take("mixing.shares", counts.longest + 1);
    this.shares = shares.map((share) => Math.min(Math.max(share, fround(1e-6)), fround(1 - 1e-6)));
  }

  emptyCache() {
    const parts = [this.network.emptyCache(), this.counts.emptyCache()];
    return { parts, truncate: () => false };
  }

  several(ids, cache, records) {
    const vectors = this.network.several(ids, cache.parts[0], records);
    return ids.map((id, n) => {
      const contexts = this.counts.step(id, cache.parts[1], records && records[n]);
      return { vector: vectors[n], contexts };
    });
  }

  /** The network's share of the next token, from the longest context that something is known to follow. */
  share(contexts) {
    return this.shares[this.counts.known(contexts)];
  }

  head({ vector, contexts }) {
    const share = this.share(contexts);
    const [first, second] = [fround(Math.log(share)), fround(Math.log(fround(1 - share)))];
    const counted = this.counts.head(contexts);
    return logSoftmax(this.network.head(vector)).map((logit, i) => {
      const [a, b] = [fround(logit + first), fround(counted[i] + second)];
      return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
    });
  }

  /** What each of the two says by itself. */
  parts({ vector, contexts }) {
    return {
      share: this.share(contexts),
      known: this.counts.known(contexts),
      network: softmax(this.network.head(vector)),
      counts: this.counts.probabilities(contexts),
    };
  }

  guess(vector) {
    return this.network.guess(vector);
  }
}
