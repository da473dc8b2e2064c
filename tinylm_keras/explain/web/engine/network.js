/**
 * A causal model that takes one token at a time.
 *
 * A subclass gives `emptyCache()`; `step(id, cache, record)`, which adds a token and returns the vector of its position;
 * and perhaps `head(vector)`, which makes logits of it. `record` is null, or an object that a step fills with what it
 * computed on the way.
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

  /** Logits of a vector that has gone all the way. */
  head(vector) {
    return vector;
  }

  /** Logits of a vector on its way through the blocks, as if it had arrived. */
  guess(vector) {
    return this.head(vector);
  }
}

/** What transformers keep of the positions so far: how many there are, and the keys and values of each block. */
export class BlocksCache {
  constructor(blocks) {
    [this.position, this.blocks] = [0, blocks];
  }

  /** Forget all positions from `position` on; false where that cannot be done. */
  truncate(position) {
    const good = this.blocks.every((block) => block.truncate(position));
    this.position = position;
    return good;
  }
}
