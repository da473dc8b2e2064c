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
      weights[j] = dot(queries, start, keys, row, size) * scale;
      if (weights[j] > largest) largest = weights[j];
    }
    let total = 0;
    for (let j = 0; j < weights.length; j++) {
      weights[j] = Math.exp(weights[j] - largest);
      total += weights[j];
    }
    for (let j = 0; j < weights.length; j++) weights[j] /= total;
    mix(weights, values, begin * width + start, width, result.subarray(start, start + size));
    if (record) record.weights.push(weights.slice());
  }
  return result;
}

/** The product of parts of two vectors; four sums, because each addition waits for the one before it. */
function dot(x, from, y, start, size) {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < size; i += 4) {
    a += x[from + i] * y[start + i];
    b += x[from + i + 1] * y[start + i + 1];
    c += x[from + i + 2] * y[start + i + 2];
    d += x[from + i + 3] * y[start + i + 3];
  }
  for (; i < size; i++) a += x[from + i] * y[start + i];
  return a + b + c + d;
}

/** Add up rows of values times their weights, four rows at a time. */
function mix(weights, values, start, width, result) {
  let j = 0;
  for (let row = start; j + 3 < weights.length; j += 4, row += 4 * width) {
    const [a, b, c, d] = [weights[j], weights[j + 1], weights[j + 2], weights[j + 3]];
    for (let i = 0, at = row; i < result.length; i++, at++) {
      result[i] += a * values[at] + b * values[at + width] + c * values[at + 2 * width] + d * values[at + 3 * width];
    }
  }
  for (; j < weights.length; j++) {
    for (let i = 0, at = start + j * width; i < result.length; i++, at++) result[i] += weights[j] * values[at];
  }
}
