/** The keys and values of one attention layer, of the positions so far; `length` of them are visible to a position. */
export class KeyValues {
  /**
   * @param {number} width Floats of a position: heads × head_dim.
   * @param {number} length How many positions a position sees, itself included.
   */
  constructor(width, length) {
    [this.width, this.length] = [width, length];
    this.first = 0; // the position of the first row
    this.rows = 0;
    this.keys = this.values = new Float32Array(0);
  }

  /** Add a position. Rows that nothing sees any more are dropped when there is no room. */
  add(keys, values) {
    const { width, length } = this;
    if ((this.rows + 1) * width > this.keys.length) {
      const dropped = this.rows >= 2 * length ? this.rows - (length - 1) : 0;
      const room = Math.min(2 * length, Math.max(32, 2 * (this.rows - dropped + 1)));
      for (const name of ["keys", "values"]) {
        const old = this[name];
        this[name] = new Float32Array(room * width);
        this[name].set(old.subarray(dropped * width, this.rows * width));
      }
      this.first += dropped;
      this.rows -= dropped;
    }
    this.keys.set(keys, this.rows * width);
    this.values.set(values, this.rows * width);
    this.rows += 1;
  }

  /** Forget all positions from `position` on; return whether what the next one sees is still there. */
  truncate(position) {
    if (this.first > Math.max(0, position - this.length + 1)) return false;
    this.rows = Math.min(this.rows, Math.max(0, position - this.first));
    return true;
  }
}

/**
 * What the newest position takes over from those that it sees.
 * @param {Float32Array} queries Of all heads, one after the other.
 * @param {KeyValues} cache Holds the newest position, too.
 * @param {number} heads
 * @param {Object|null} record Is given the weights of each head, and the position that the first of them belongs to.
 * @returns {Float32Array} As long as the queries.
 */
export function attend(queries, cache, heads, record) {
  const { width, keys, values } = cache;
  const begin = Math.max(0, cache.rows - cache.length);
  const size = width / heads;
  const scale = 1 / Math.sqrt(size);
  const result = new Float32Array(width);
  const weights = new Float32Array(cache.rows - begin);
  if (record) [record.weights, record.first] = [[], cache.first + begin];
  for (let head = 0, start = 0; head < heads; head++, start += size) {
    let largest = -Infinity;
    for (let j = 0, row = begin * width + start; j < weights.length; j++, row += width) {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += queries[start + i] * keys[row + i];
      weights[j] = dot * scale;
      if (weights[j] > largest) largest = weights[j];
    }
    let total = 0;
    for (let j = 0; j < weights.length; j++) {
      weights[j] = Math.exp(weights[j] - largest);
      total += weights[j];
    }
    for (let j = 0, row = begin * width + start; j < weights.length; j++, row += width) {
      weights[j] /= total;
      const weight = weights[j];
      for (let i = 0; i < size; i++) result[start + i] += weight * values[row + i];
    }
    if (record) record.weights.push(weights.slice());
  }
  return result;
}
