import { KeyValues, attend } from "./attention.js";
import { Matrix } from "./kernel.js";
import { BlocksCache, Network } from "./network.js";
import { added, applied, rmsNorm } from "./parts.js";

const LONGEST_WAVE = 10000;
const TURN = 2 ** 32; // an angle is a whole number of 2^-32 turns, and wraps

/** RotaryLM: token vectors, blocks with rotary positions, logits with soft-capping or without. */
export class RotaryLM extends Network {
  constructor(config, weights, kernel) {
    super(config);
    const width = config.embed_dim;
    [this.width, this.heads, this.softCap] = [width, config.num_heads, config.logit_soft_cap];
    this.slidingWindow = true;
    this.receptiveField = config.num_blocks * (config.context_length - 1) + 1;
    const size = width / this.heads;
    this.pace = Array.from({ length: size / 2 }, (_, i) => {
      const radians = LONGEST_WAVE ** ((-2 * i) / size);
      return Math.round((radians / (2 * Math.PI)) * TURN);
    });
    this.tokens = weights.take("embedding.token", this.vocabularySize, width);
    for (let i = 0; i < config.num_blocks; i++) this.blocks.push(new RotaryBlock(config, weights, kernel, `block.${i}`));
    this.finalNorm = weights.take("final_norm.gain", width);
    this.output = new Matrix(kernel, weights, "head.kernel", this.vocabularySize, width);
  }

  /** The matrices of this kind, [outputs, inputs] each. */
  static shapes({ vocabulary_size, embed_dim, feed_forward_dim, num_blocks }) {
    const block = [[3 * embed_dim, embed_dim], [embed_dim, embed_dim]];
    block.push([feed_forward_dim, embed_dim], [embed_dim, feed_forward_dim]);
    return [...new Array(num_blocks).fill(block).flat(), [vocabulary_size, embed_dim]];
  }

  emptyCache() {
    return new BlocksCache(this.blocks.map(() => new KeyValues(this.width, this.contextLength)));
  }

  /** Cosine and sine of the angle of each pair of features at a position. */
  turnAt(position) {
    const cosine = new Float32Array(this.pace.length);
    const sine = new Float32Array(this.pace.length);
    this.pace.forEach((pace, i) => {
      const turns = Math.fround(Math.imul(position, pace) >>> 0);
      const angle = Math.fround(turns * Math.fround((2 * Math.PI) / TURN));
      [cosine[i], sine[i]] = [Math.cos(angle), Math.sin(angle)];
    });
    return { cosine, sine };
  }

  step(id, cache, record) {
    const turn = this.turnAt(cache.position);
    let x = this.tokens.subarray(id * this.width, (id + 1) * this.width);
    if (record) Object.assign(record, { token: x, position: null, entrance: x, blocks: [] });
    for (let i = 0; i < this.blocks.length; i++) {
      const inside = record && {};
      x = this.blocks[i].step(x, cache.blocks[i], turn, inside);
      if (record) record.blocks.push(inside);
    }
    cache.position += 1;
    const final = rmsNorm(x, this.finalNorm);
    if (record) record.final = final;
    return final;
  }

  head(vector) {
    const logits = this.output.product(vector);
    const cap = this.softCap;
    return cap === null ? logits : applied((logit) => cap * Math.tanh(logit / cap), logits);
  }

  guess(vector) {
    return this.head(rmsNorm(vector, this.finalNorm));
  }
}

/** A block that turns queries and keys by angles, so that their product depends on how far apart they stand. */
class RotaryBlock {
  constructor(config, weights, kernel, name) {
    const [width, inner] = [config.embed_dim, config.feed_forward_dim];
    [this.width, this.heads] = [width, config.num_heads];
    const dense = (part, outputs, inputs) => new Matrix(kernel, weights, `${name}.${part}.kernel`, outputs, inputs);
    this.attentionNorm = weights.take(`${name}.attention_norm.gain`, width);
    this.queryKeyValue = dense("query_key_value", 3 * width, width);
    this.queryNorm = weights.take(`${name}.query_norm.gain`, width / this.heads);
    this.keyNorm = weights.take(`${name}.key_norm.gain`, width / this.heads);
    this.projection = dense("projection", width, width);
    this.feedForwardNorm = weights.take(`${name}.feed_forward_norm.gain`, width);
    this.expand = dense("expand", inner, width);
    this.contract = dense("contract", width, inner);
  }

  step(x, cache, turn, record) {
    const { width } = this;
    const all = this.queryKeyValue.product(rmsNorm(x, this.attentionNorm));
    const queries = this.turned(all.subarray(0, width), this.queryNorm, turn);
    const keys = this.turned(all.subarray(width, 2 * width), this.keyNorm, turn);
    const values = all.subarray(2 * width);
    cache.add(keys, values);
    const mixed = attend(queries, cache, this.heads, record);
    const attention = this.projection.product(mixed);
    const middle = added(x, attention);
    const inner = applied((y) => (y > 0 ? y * y : 0), this.expand.product(rmsNorm(middle, this.feedForwardNorm)));
    const feedForward = this.contract.product(inner);
    const output = added(middle, feedForward);
    if (record) Object.assign(record, { queries, keys, values, mixed, attention, middle, inner, feedForward, output });
    return output;
  }

  /** Normalize the vector of each head and turn it: features i and i + half of it are a pair. */
  turned(x, gain, { cosine, sine }) {
    const result = new Float32Array(x.length);
    const half = gain.length / 2;
    for (let start = 0; start < x.length; start += gain.length) {
      const y = rmsNorm(x, gain, start);
      for (let i = 0; i < half; i++) {
        result[start + i] = y[i] * cosine[i] - y[half + i] * sine[i];
        result[start + half + i] = y[half + i] * cosine[i] + y[i] * sine[i];
      }
    }
    return result;
  }
}
