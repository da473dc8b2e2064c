import { KeyValues, attend } from "./attention.js";
import { Matrix } from "./kernel.js";
import { BlocksCache, Network } from "./network.js";
import { ACTIVATIONS, added, applied, layerNorm } from "./parts.js";

/** MiniLM: token and position vectors, transformer blocks, a dense layer to the vocabulary. */
export class MiniLM extends Network {
  constructor(config, weights, kernel) {
    super(config);
    const width = config.embed_dim;
    this.heads = config.num_heads;
    this.width = width;
    this.tokens = weights.take("embedding.token", this.vocabularySize, width);
    this.positions = weights.take("embedding.position", this.contextLength, width);
    for (let i = 0; i < config.num_blocks; i++) this.blocks.push(new MiniBlock(config, weights, kernel, `block.${i}`));
    this.finalNorm = config.norm === "pre" ? normOf(weights, "final_norm", width) : null;
    const bias = config.head_bias ? weights.take("head.bias", this.vocabularySize) : null;
    this.output = new Matrix(kernel, weights, "head.kernel", this.vocabularySize, width, bias);
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

  step(id, cache, record) {
    const row = (table, index) => table.subarray(index * this.width, (index + 1) * this.width);
    const [token, position] = [row(this.tokens, id), row(this.positions, cache.position)];
    let x = added(token, position);
    if (record) Object.assign(record, { token, position, entrance: x, blocks: [] });
    for (let i = 0; i < this.blocks.length; i++) {
      const inside = record && {};
      x = this.blocks[i].step(x, cache.blocks[i], inside);
      if (record) record.blocks.push(inside);
    }
    cache.position += 1;
    const final = this.finalNorm === null ? x : layerNorm(x, this.finalNorm);
    if (record) record.final = final;
    return final;
  }

  head(vector) {
    return this.output.product(vector);
  }

  guess(vector) {
    return this.head(this.finalNorm === null ? vector : layerNorm(vector, this.finalNorm));
  }
}

/** A transformer block: attention, then a feed-forward part; each is added to the vector that came in. */
class MiniBlock {
  constructor(config, weights, kernel, name) {
    const [width, inner] = [config.embed_dim, config.feed_forward_dim];
    [this.width, this.heads, this.isPre] = [width, config.num_heads, config.norm === "pre"];
    this.activation = ACTIVATIONS[config.activation];
    const dense = (part, outputs, inputs) => {
      const bias = weights.take(`${name}.${part}.bias`, outputs);
      return new Matrix(kernel, weights, `${name}.${part}.kernel`, outputs, inputs, bias);
    };
    this.attentionNorm = normOf(weights, `${name}.attention_norm`, width);
    this.queryKeyValue = dense("query_key_value", 3 * width, width);
    this.projection = dense("projection", width, width);
    this.feedForwardNorm = normOf(weights, `${name}.feed_forward_norm`, width);
    this.expand = dense("expand", inner, width);
    this.contract = dense("contract", width, inner);
  }

  step(x, cache, record) {
    const { width } = this;
    const all = this.queryKeyValue.product(this.isPre ? layerNorm(x, this.attentionNorm) : x);
    const [queries, keys, values] = [0, 1, 2].map((part) => all.subarray(part * width, (part + 1) * width));
    cache.add(keys, values);
    const mixed = attend(queries, cache, this.heads, record);
    const attention = this.projection.product(mixed);
    const summed = added(x, attention);
    const middle = this.isPre ? summed : layerNorm(summed, this.attentionNorm);
    const inner = applied(this.activation, this.expand.product(this.isPre ? layerNorm(middle, this.feedForwardNorm) : middle));
    const feedForward = this.contract.product(inner);
    const total = added(middle, feedForward);
    const output = this.isPre ? total : layerNorm(total, this.feedForwardNorm);
    if (record) Object.assign(record, { queries, keys, values, mixed, attention, middle, inner, feedForward, output });
    return output;
  }
}

function normOf(weights, name, width) {
  return { gain: weights.take(`${name}.gain`, width), bias: weights.take(`${name}.bias`, width) };
}
