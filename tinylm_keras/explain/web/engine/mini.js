import { attend } from "./attention.js";
import { Matrix } from "./kernel.js";
import { ACTIVATIONS, added, applied, layerNorm } from "./parts.js";
import { Transformer } from "./transformer.js";

/** MiniLM: token and position vectors, transformer blocks, a dense layer to the vocabulary. */
export class MiniLM extends Transformer {
  constructor(config, weights, kernel) {
    super(config);
    const width = config.embed_dim;
    this.tokens = weights.take("embedding.token", this.vocabularySize, width);
    this.positions = weights.take("embedding.position", this.contextLength, width);
    for (let i = 0; i < config.num_blocks; i++) this.blocks.push(new MiniBlock(config, weights, kernel, `block.${i}`));
    this.finalNorm = config.norm === "pre" ? normOf(weights, "final_norm", width) : null;
    const bias = config.head_bias ? weights.take("head.bias", this.vocabularySize) : null;
    this.output = new Matrix(kernel, weights, "head.kernel", this.vocabularySize, width, bias);
  }

  several(ids, cache, records) {
    const row = (table, index) => table.subarray(index * this.width, (index + 1) * this.width);
    const starts = ids.map((id, n) => [row(this.tokens, id), row(this.positions, cache.position + n)]);
    const x = starts.map(([token, position]) => added(token, position));
    records?.forEach((record, n) => {
      const [token, position] = starts[n];
      Object.assign(record, { token, position, entrance: x[n], blocks: this.blocks.map(() => ({})) });
    });
    return this.through(x, cache, records);
  }

  head(vector) {
    return this.output.product(vector);
  }

  normalized(vector) {
    return this.finalNorm === null ? vector : layerNorm(vector, this.finalNorm);
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

  /** The vectors of some positions after this block. */
  several(x, cache, records) {
    const { width, isPre } = this;
    const normed = (vectors, norm) => vectors.map((vector) => layerNorm(vector, norm));
    const before = isPre ? normed(x, this.attentionNorm) : x;
    const mixed = this.queryKeyValue.products(before).map((all, n) => {
      const [queries, keys, values] = [0, 1, 2].map((part) => all.subarray(part * width, (part + 1) * width));
      cache.add(keys, values);
      if (records) Object.assign(records[n], { queries, keys, values });
      return attend(queries, cache, this.heads, records && records[n]);
    });
    const attention = this.projection.products(mixed);
    const summed = attention.map((vector, n) => added(x[n], vector));
    const middle = isPre ? summed : normed(summed, this.attentionNorm);
    const between = isPre ? normed(middle, this.feedForwardNorm) : middle;
    const expanded = this.expand.products(between);
    const inner = expanded.map((vector) => applied(this.activation, vector));
    const feedForward = this.contract.products(inner);
    const total = feedForward.map((vector, n) => added(middle[n], vector));
    const output = isPre ? total : normed(total, this.feedForwardNorm);
    records?.forEach((record, n) => {
      const [after, part, result] = [middle[n], feedForward[n], output[n]];
      Object.assign(record, { mixed: mixed[n], attention: attention[n], middle: after, inner: inner[n] });
      Object.assign(record, { feedForward: part, output: result });
      const normalized = isPre ? [before[n], between[n]] : [after, result];
      [record.attentionNorm, record.feedForwardNorm] = normalized;
    });
    return output;
  }
}

function normOf(weights, name, width) {
  return { gain: weights.take(`${name}.gain`, width), bias: weights.take(`${name}.bias`, width) };
}
