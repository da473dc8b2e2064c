import { counted } from "./guess.js";
import { focusOf } from "./trace.js";
import { Weights } from "./weights.js";

/** What was computed when the page was made, for its prompt: the interface of a `Trace`. Null where nothing was. */
export function recordedTrace(model) {
  return model.payload.recorded === null ? null : new RecordedTrace(model, model.payload.recorded);
}

/** A trace that holds the likeliest tokens of each stage, and attention in steps of 1/255. */
class RecordedTrace {
  constructor(model, { begin, ids, first, arrays }) {
    [this.model, this.text, this.kind, this.live] = [model, ids, model.kind, false];
    [this.blocks, this.heads, this.first] = [model.blocks, model.heads, begin + first];
    this.unrecorded = first; // tokens of `ids` before the first row
    this.ids = ids.slice(first);
    this.length = this.ids.length;
    this.arrays = new Weights(arrays);
    const { length, blocks } = this;
    this.most = arrays.top_ids.shape[2];
    this.topIds = this.arrays.stored("top_ids", length, blocks + 2, this.most);
    this.topShares = this.arrays.take("top_shares", length, blocks + 2, this.most);
    this.sizes = this.arrays.take("lengths", length, 1 + 2 * blocks);
    this.surprises = this.arrays.take("surprises", length);
    this.contexts = model.hasCounts ? this.contextsOf(model.network.counts ?? model.network) : null;
    this.bytes = this.arrays.stored("attention", blocks, this.heads, (length * (length + 1)) / 2);
  }

  /** The contexts of counts after each row. */
  contextsOf(counts) {
    const cache = counts.emptyCache();
    return this.text.map((id) => counts.step(id, cache, null)).slice(this.unrecorded);
  }

  guess(row, stage) {
    const start = (row * (this.blocks + 2) + stage) * this.most;
    const top = [];
    for (let i = start; i < start + this.most; i++) top.push({ id: this.topIds[i], probability: this.topShares[i] });
    return { top, rest: Math.max(0, top.reduce((left, { probability }) => left - probability, 1)) };
  }

  next(row) {
    return this.guess(row, this.blocks + 1);
  }

  surprise(row) {
    return row === 0 ? null : this.surprises[row];
  }

  attention(block, head) {
    const { length } = this;
    const shares = new Float32Array(length * length);
    const size = (length * (length + 1)) / 2; // each row looks at itself and the rows before it
    let place = (block * this.heads + head) * size;
    for (let row = 0; row < length; row++) {
      for (let other = 0; other <= row; other++) shares[row * length + other] = this.bytes[place++] / 255;
    }
    return shares;
  }

  focus(block, head) {
    return focusOf(this.attention(block, head), this.length);
  }

  lengths(row) {
    const count = 1 + 2 * this.blocks;
    return [...this.sizes.slice(row * count, (row + 1) * count)];
  }

  head() {
    return null;
  }

  places() {
    return [];
  }

  vector() {
    return null;
  }

  counts(row) {
    if (this.contexts === null) return null;
    const { network } = this.model;
    const [contexts, ids] = [this.contexts[row], this.text.slice(0, this.unrecorded + row + 1)];
    if (!network.counts) return { ...counted(network, contexts, ids), share: null, network: null };
    const beside = { share: network.share(contexts), network: this.guess(row, this.blocks) };
    return { ...counted(network.counts, contexts, ids), ...beside };
  }
}
