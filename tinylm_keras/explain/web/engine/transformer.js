import { KeyValues } from "./attention.js";
import { Network } from "./network.js";

/** What all transformers share. A subclass gives `blocks`, and `normalized(vector)`, what its head takes. */
export class Transformer extends Network {
  constructor(config) {
    super(config);
    [this.width, this.heads] = [config.embed_dim, config.num_heads];
  }

  /** The matrices of a transformer, [outputs, inputs] each. */
  static shapes({ vocabulary_size, embed_dim, feed_forward_dim, num_blocks }) {
    const block = [[3 * embed_dim, embed_dim], [embed_dim, embed_dim]];
    block.push([feed_forward_dim, embed_dim], [embed_dim, feed_forward_dim]);
    return [...new Array(num_blocks).fill(block).flat(), [vocabulary_size, embed_dim]];
  }

  emptyCache() {
    return new BlocksCache(this.blocks.map(() => new KeyValues(this.width, this.contextLength)));
  }

  /** Take the vectors of some positions through all blocks; `turns` are the angles of rotary positions. */
  through(x, cache, records, turns) {
    let vectors = x;
    this.blocks.forEach((block, i) => {
      vectors = block.several(vectors, cache.blocks[i], records && records.map((record) => record.blocks[i]), turns);
    });
    cache.position += x.length;
    const final = vectors.map((vector) => this.normalized(vector));
    records?.forEach((record, n) => (record.final = final[n]));
    return final;
  }

  guess(vector) {
    return this.head(this.normalized(vector));
  }
}

/** What transformers keep of the positions so far: how many there are, and the keys and values of each block. */
class BlocksCache {
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
