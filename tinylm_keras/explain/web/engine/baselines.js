import { Matrix } from "./kernel.js";
import { Network } from "./network.js";
import { ACTIVATIONS, applied } from "./parts.js";

/** AverageLM: the mean of all token vectors so far, and dense layers. */
export class AverageLM extends Network {
  constructor(config, weights, kernel) {
    super(config);
    const width = config.hidden_dim;
    this.width = config.embed_dim;
    this.tokens = weights.take("embedding.token", this.vocabularySize, this.width);
    this.layers = Array.from({ length: config.num_hidden_layers }, (_, i) => {
      const bias = weights.take(`layer.${i}.bias`, width);
      return new Matrix(kernel, weights, `layer.${i}.kernel`, width, i ? width : this.width, bias);
    });
    const bias = weights.take("head.bias", this.vocabularySize);
    this.output = new Matrix(kernel, weights, "head.kernel", this.vocabularySize, width, bias);
  }

  /** The matrices of this kind, [outputs, inputs] each. */
  static shapes({ vocabulary_size, embed_dim, hidden_dim, num_hidden_layers }) {
    const layers = Array.from({ length: num_hidden_layers }, (_, i) => [hidden_dim, i ? hidden_dim : embed_dim]);
    return [...layers, [vocabulary_size, hidden_dim]];
  }

  emptyCache() {
    return { count: 0, sum: new Float32Array(this.width), truncate: () => false };
  }

  step(id, cache, record) {
    const token = this.tokens.subarray(id * this.width, (id + 1) * this.width);
    for (let i = 0; i < token.length; i++) cache.sum[i] += token[i];
    cache.count += 1;
    let x = cache.sum.map((sum) => sum / cache.count);
    if (record) Object.assign(record, { token, mean: x, layers: [] });
    for (const layer of this.layers) {
      x = applied(ACTIVATIONS.leaky_relu, layer.product(x));
      if (record) record.layers.push(x);
    }
    return x;
  }

  head(vector) {
    return this.output.product(vector);
  }
}

/** BigramLM: a row of logits for each token. */
export class BigramLM extends Network {
  constructor(config, weights) {
    super(config);
    [this.slidingWindow, this.receptiveField] = [true, 1];
    this.table = weights.take("table", this.vocabularySize, this.vocabularySize);
  }

  static shapes() {
    return [];
  }

  emptyCache() {
    return { truncate: () => true };
  }

  step(id, cache, record) {
    const row = this.table.slice(id * this.vocabularySize, (id + 1) * this.vocabularySize);
    if (record) record.row = row;
    return row;
  }
}

/** MLPLM: the codes of the last tokens side by side, and dense layers with what batch normalization has become. */
export class MLPLM extends Network {
  constructor(config, weights, kernel) {
    super(config);
    [this.slidingWindow, this.receptiveField, this.window] = [true, config.window, config.window];
    this.bits = config.code_bits;
    this.codes = permutationCodes(this.vocabularySize, this.bits);
    this.activation = ACTIVATIONS[config.activation];
    this.layers = MLPLM.widths(config).map(([outputs, inputs], i) => ({
      matrix: new Matrix(kernel, weights, `layer.${i}.kernel`, outputs, inputs),
      scale: weights.take(`layer.${i}.scale`, outputs),
      shift: weights.take(`layer.${i}.shift`, outputs),
    }));
    const bias = weights.take("head.bias", this.vocabularySize);
    this.output = new Matrix(kernel, weights, "head.kernel", ...MLPLM.shapes(config).at(-1), bias);
  }

  /** Outputs and inputs of each hidden layer: each is half as wide as the one before. */
  static widths({ window, code_bits, hidden_dim, num_hidden_layers }) {
    const outputs = Array.from({ length: num_hidden_layers }, (_, i) => Math.floor(hidden_dim / 2 ** i));
    return outputs.map((size, i) => [size, i ? outputs[i - 1] : window * code_bits]);
  }

  /** The matrices of this kind, [outputs, inputs] each. */
  static shapes(config) {
    const widths = MLPLM.widths(config);
    return [...widths, [config.vocabulary_size, widths.at(-1)[0]]];
  }

  emptyCache() {
    const cache = { ids: [] };
    cache.truncate = (position) => {
      cache.ids.length = Math.min(cache.ids.length, position);
      return true;
    };
    return cache;
  }

  step(id, cache, record) {
    cache.ids.push(id);
    let x = new Float32Array(this.window * this.bits); // zeros stand before a text
    cache.ids.slice(-this.window).forEach((past, i, { length }) => {
      const code = this.codes.subarray(past * this.bits, (past + 1) * this.bits);
      x.set(code, (this.window - length + i) * this.bits);
    });
    if (record) Object.assign(record, { window: x, layers: [] });
    for (const { matrix, scale, shift } of this.layers) {
      x = applied(this.activation, matrix.product(x).map((y, i) => Math.fround(y * scale[i]) + shift[i]));
      if (record) record.layers.push(x);
    }
    return x;
  }

  head(vector) {
    return this.output.product(vector);
  }
}

/** Evenly spread patterns with half of their bits set, in lexicographic order of the ones: Uint8Array(count × bits). */
function permutationCodes(count, bits) {
  const choose = [[1n]]; // Pascal's triangle
  for (let n = 1; n <= bits; n++) {
    choose.push(Array.from({ length: n + 1 }, (_, k) => (choose[n - 1][k - 1] ?? 0n) + (choose[n - 1][k] ?? 0n)));
  }
  const codes = new Uint8Array(count * bits);
  for (let symbol = 0; symbol < count; symbol++) {
    let number = (BigInt(symbol) * choose[bits][bits / 2]) / BigInt(count);
    for (let place = 0, ones = bits / 2; place < bits && ones > 0; place++) {
      const withOne = choose[bits - place - 1][ones - 1] ?? 0n; // patterns that have a one here come first
      if (number < withOne) {
        codes[symbol * bits + place] = 1;
        ones -= 1;
      } else number -= withOne;
    }
  }
  return codes;
}
