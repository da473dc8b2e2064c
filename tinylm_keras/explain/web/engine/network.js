import { AT_ONCE } from "./kernel.js";

/**
 * A causal model that takes a text token by token.
 *
 * A subclass gives `emptyCache()`; `step(id, cache, record)`, which adds a token and returns the vector of its
 * position, or `several(ids, cache, records)`, which does so for a few at once; and perhaps `head(vector)`, which makes logits of
 * it. A record is null, or an object that is filled with what was computed on the way.
 */
export class Network {
  constructor(config) {
    this.vocabularySize = config.vocabulary_size;
    this.contextLength = config.context_length;
    this.receptiveField = config.context_length; // how many of the last tokens the next one depends on
    this.slidingWindow = false; // whether a cache may go on past the context
    this.blocks = [];
    this.heads = 0;
  }

  step(id, cache, record) {
    return this.several([id], cache, record && [record])[0];
  }

  several(ids, cache, records) {
    return ids.map((id, n) => this.step(id, cache, records && records[n]));
  }

  /** Add any number of tokens; return the vectors of their positions. */
  steps(ids, cache, records) {
    const vectors = [];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const [some, theirs] = [ids, records].map((list) => list && list.slice(from, from + AT_ONCE));
      vectors.push(...this.several(some, cache, theirs));
    }
    return vectors;
  }

  /** Logits of a vector that has gone all the way. */
  head(vector) {
    return vector;
  }

  /** Logits of a vector on its way through the blocks, as if it had arrived. */
  guess(vector) {
    return this.head(vector);
  }
}
