import { counted, summaryOf } from "./guess.js";
import { lengthOf, surpriseOf } from "./parts.js";

/** Compute a text again, and keep all that is computed: a `Trace` of its last tokens, at most a context full. */
export function traceText(model, ids) {
  return new Trace(model, ids);
}

/** What a model computed for each of some tokens. Rows are positions; row 0 is `ids[first]` of the text. */
class Trace {
  constructor(model, ids) {
    const { network } = model;
    [this.model, this.text, this.kind, this.live] = [model, ids, model.kind, true];
    [this.blocks, this.heads] = [model.blocks, model.heads];
    this.first = Math.max(0, ids.length - network.contextLength);
    this.ids = ids.slice(this.first);
    this.length = this.ids.length;
    // A cache that slides knows of what stands before the first row.
    this.begin = network.slidingWindow ? Math.max(0, this.first - network.receptiveField) : this.first;
    const cache = network.emptyCache();
    network.steps(ids.slice(this.begin, this.first), cache, null);
    this.records = this.ids.map(() => ({}));
    this.vectors = network.steps(this.ids, cache, this.records);
    this.kept = new Map(); // logits that were asked for
  }

  /** Logits that one of the vectors of a row makes. */
  logits(row, stage) {
    const key = `${row} ${stage}`;
    if (!this.kept.has(key)) {
      const { network } = this.model;
      const isAnswer = stage === "answer" || (!this.blocks && !network.network);
      this.kept.set(key, isAnswer ? network.head(this.vectors[row]) : network.guess(this.afterStage(row, stage)));
    }
    return this.kept.get(key);
  }

  afterStage(row, stage) {
    if (!this.blocks) return this.vectors[row].vector; // of the network of a mixture
    return stage === 0 ? this.records[row].entrance : this.records[row].blocks[stage - 1].output;
  }

  /** What the vector after a number of blocks would already say. */
  guess(row, stage) {
    return summaryOf(this.logits(row, stage));
  }

  /** What the model says after a row. */
  next(row) {
    return summaryOf(this.logits(row, "answer"));
  }

  /** How surprised the model was by the token of a row, in bits; null for the first. */
  surprise(row) {
    return row === 0 ? null : surpriseOf(this.logits(row - 1, "answer"), this.ids[row]);
  }

  /** Which share of its attention each row gives to each row: Float32Array(length²), row by row. */
  attention(block, head) {
    const shares = new Float32Array(this.length * this.length);
    for (let row = 0; row < this.length; row++) shares.set(this.weightsOf(block, head, row), row * this.length);
    return shares;
  }

  /** The attention of one row to all rows; what a row gives to tokens before the first row is left out. */
  weightsOf(block, head, row) {
    const { weights, first } = this.records[row].blocks[block];
    const shares = new Float32Array(this.length);
    const start = this.begin + first - this.first; // the row of the first weight
    weights[head].forEach((weight, i) => start + i >= 0 && (shares[start + i] = weight));
    return shares;
  }

  /** How strongly a head looks at single other tokens: the mean of the largest share in each row but the first. */
  focus(block, head) {
    return focusOf(this.attention(block, head), this.length);
  }

  /** The lengths of the vector of a row: at the entrance, after each attention and after each feed-forward part. */
  lengths(row) {
    const { entrance, blocks } = this.records[row];
    return [entrance, ...blocks.flatMap(({ middle, output }) => [middle, output])].map(lengthOf);
  }

  /** One head in numbers, as seen from a row; the rows after it are computed too, and masked. */
  head(block, head, row) {
    const all = this.records.map((record) => record.blocks[block]);
    const size = all[row].queries.length / this.heads;
    const own = (vector) => vector.slice(head * size, (head + 1) * size);
    const query = own(all[row].queries);
    const keys = all.map((record) => own(record.keys));
    const dots = keys.map((key) => key.reduce((sum, feature, i) => sum + feature * query[i], 0));
    const start = row - this.model.contextLength;
    return {
      query,
      keys,
      values: all.map((record) => own(record.values)),
      dots,
      scores: dots.map((dot) => dot / Math.sqrt(size)),
      masked: keys.map((_, other) => other > row || other <= start),
      weights: this.weightsOf(block, head, row),
      result: own(all[row].mixed),
    };
  }

  /** The names that `vector` knows, in the order of the computation. */
  places() {
    const inside = (i) => [`attention.${i}`, `after attention.${i}`, `inner.${i}`, `feed forward.${i}`, `after block.${i}`];
    const [record] = this.records;
    if (!record) return [];
    const layers = (record.layers ?? []).map((_, i) => `layer.${i}`);
    if (record.blocks) {
      const start = record.position ? ["token", "position", "entrance"] : ["entrance"];
      return [...start, ...record.blocks.flatMap((_, i) => inside(i)), "final"];
    }
    return [...["token", "mean", "window", "row"].filter((name) => name in record), ...layers];
  }

  /** A vector of a row by the name of its place; null where there is none. */
  vector(row, place) {
    const record = this.records[row];
    const [, name, index] = /^([a-z ]+?)(?:\.(\d+))?$/.exec(place);
    if (index === undefined) return record[name] ?? null;
    if (name === "layer") return record.layers?.[index] ?? null;
    const norms = { "attention norm": "attentionNorm", "feed forward norm": "feedForwardNorm" };
    const inside = { ...norms, "after attention": "middle", "feed forward": "feedForward", "after block": "output" };
    return record.blocks?.[index]?.[inside[name] ?? name] ?? null;
  }

  /** What counting says after a row, and beside it the network; null for a model without counts. */
  counts(row) {
    const { network } = this.model;
    const { contexts } = this.records[row];
    if (!contexts) return null;
    const ids = this.text.slice(0, this.first + row + 1);
    if (!network.counts) return { ...counted(network, contexts, ids), share: null, network: null };
    const { share } = network.parts(this.vectors[row]);
    return { ...counted(network.counts, contexts, ids), share, network: this.guess(row, this.blocks) };
  }
}

/** The mean over all rows but the first of the largest share that a row gives to another row. */
export function focusOf(shares, length) {
  let sum = 0;
  for (let row = 1; row < length; row++) {
    let largest = 0;
    for (let other = 0; other < row; other++) largest = Math.max(largest, shares[row * length + other]);
    sum += largest;
  }
  return length > 1 ? sum / (length - 1) : 0;
}
