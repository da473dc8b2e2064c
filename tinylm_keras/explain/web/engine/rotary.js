import { attend } from "./attention.js";
import { Matrix } from "./kernel.js";
import { added, applied, rmsNorm } from "./parts.js";
import { Transformer } from "./transformer.js";

const LONGEST_WAVE = 10000;
const TURN = 2 ** 32; // an angle is a whole number of 2^-32 turns, and wraps

/** RotaryLM: token vectors, blocks with rotary positions, logits with soft-capping or without. */
export class RotaryLM extends Transformer {
  constructor(config, weights, kernel) {
    super(config);
    const width = config.embed_dim;
    this.softCap = config.logit_soft_cap;
    this.slidingWindow = true;
    this.receptiveField = config.num_blocks * (config.context_length - 1) + 1;
    const size = width / this.heads;
    this.pace = Array.from({ length: size / 2 }, (_, i) => {
      const radians = LONGEST_WAVE ** ((-2 * i) / size);
      return Math.round((radians / (2 * Math.PI)) * TURN);
    });
    this.tokens = weights.take("embedding.token", this.vocabularySize, width);
    for (let i = 0; i < config.num_blocks; i++) {
      this.blocks.push(new RotaryBlock(config, weights, kernel, `block.${i}`));
    }
    this.finalNorm = weights.take("final_norm.gain", width);
    this.output = new Matrix(kernel, weights, "head.kernel", this.vocabularySize, width);
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

  several(ids, cache, records) {
    const turns = ids.map((_, n) => this.turnAt(cache.position + n));
    const x = ids.map((id) => this.tokens.subarray(id * this.width, (id + 1) * this.width));
    records?.forEach((record, n) => {
      Object.assign(record, { token: x[n], position: null, entrance: x[n], blocks: this.blocks.map(() => ({})) });
    });
    return this.through(x, cache, records, turns);
  }

  head(vector) {
    const logits = this.output.product(vector);
    const cap = this.softCap;
    return cap === null ? logits : applied((logit) => cap * Math.tanh(logit / cap), logits);
  }

  normalized(vector) {
    return rmsNorm(vector, this.finalNorm);
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

  /** The vectors of some positions after this block. */
  several(x, cache, records, turns) {
    const { width } = this;
    const normed = (vectors, gain) => vectors.map((vector) => rmsNorm(vector, gain));
    const before = normed(x, this.attentionNorm);
    const mixed = this.queryKeyValue.products(before).map((all, n) => {
      const queries = this.turned(all.subarray(0, width), this.queryNorm, turns[n]);
      const keys = this.turned(all.subarray(width, 2 * width), this.keyNorm, turns[n]);
      const values = all.subarray(2 * width);
      cache.add(keys, values);
      if (records) Object.assign(records[n], { queries, keys, values });
      return attend(queries, cache, this.heads, records && records[n]);
    });
    const attention = this.projection.products(mixed);
    const middle = attention.map((vector, n) => added(x[n], vector));
    const between = normed(middle, this.feedForwardNorm);
    const expanded = this.expand.products(between);
    const inner = expanded.map((vector) => applied(squaredRelu, vector));
    const feedForward = this.contract.products(inner);
    const output = feedForward.map((vector, n) => added(middle[n], vector));
    records?.forEach((record, n) => {
      Object.assign(record, { mixed: mixed[n], attention: attention[n], middle: middle[n], inner: inner[n] });
      Object.assign(record, { feedForward: feedForward[n], output: output[n] });
      Object.assign(record, { attentionNorm: before[n], feedForwardNorm: between[n] });
    });
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

function squaredRelu(x) {
  return x > 0 ? x * x : 0;
}
