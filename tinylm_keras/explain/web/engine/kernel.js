// The product of a matrix and a vector takes nearly all the time of a model, so it runs in WebAssembly, four numbers in
// one instruction. The program is small enough to be written here, instruction by instruction; where WebAssembly or its
// SIMD instructions are missing, a plain loop does the same.

/** Bytes of a number in LEB128, as WebAssembly writes all numbers. */
function leb(number) {
  const bytes = [];
  do {
    const rest = number >> 7;
    const isLast = (rest === 0 && !(number & 64)) || (rest === -1 && number & 64);
    bytes.push((number & 127) | (isLast ? 0 : 128));
    number = rest;
    if (isLast) return bytes;
  } while (true);
}

const vector = (...codes) => [0xfd, ...codes];
const OP = {
  get: (index) => [0x20, ...leb(index)],
  set: (index) => [0x21, ...leb(index)],
  tee: (index) => [0x22, ...leb(index)],
  integer: (value) => [0x41, ...leb(value)],
  add: [0x6a],
  subtract: [0x6b],
  isLess: [0x49], // unsigned
  loop: [0x03, 0x40],
  repeatIf: (depth) => [0x0d, ...leb(depth)],
  end: [0x0b],
  load: vector(0x00, 0, 0), // four floats; they need not be aligned
  store: vector(0x0b, 0, 0),
  shuffle: (...floats) => vector(0x0d, ...floats.flatMap((float) => [0, 1, 2, 3].map((byte) => 4 * float + byte))),
  zeros: vector(0x0c, ...new Array(16).fill(0)),
  sum: vector(0xe4, 0x01),
  times: vector(0xe6, 0x01),
};

const I32 = 0x7f;
const V128 = 0x7b;

/**
 * The bytes of a module with one function, product(x, w, y, rowBytes, rows, count, yBytes): the products of a matrix
 * and `count` vectors. Four rows are read at a time, and stay at hand for all vectors.
 */
function moduleBytes() {
  const names = ["X", "W", "Y", "ROW_BYTES", "ROWS", "COUNT", "Y_BYTES"]; // the arguments, and what is counted with
  names.push("PLACE", "W1", "W2", "W3", "X_NOW", "Y_NOW", "LEFT", "A", "B", "C", "D", "PART");
  const at = Object.fromEntries(names.map((name, index) => [name, index]));
  const { integer, add, load, sum, times, shuffle } = OP;
  const [get, set, tee] = [OP.get, OP.set, OP.tee].map((operation) => (name) => operation(at[name]));
  const copy = (from, to) => [...get(from), ...set(to)];
  const advance = (from, by, to = from) => [...get(from), ...by, ...add, ...set(to)];
  const countDown = (name, by) => [...get(name), ...integer(by), ...OP.subtract, ...tee(name), ...OP.repeatIf(0)];
  const accumulate = (total, row) => [
    ...[...get(total), ...get("PART"), ...get(row), ...get("PLACE"), ...add, ...load],
    ...[...times, ...sum, ...set(total)],
  ];
  // (a0 a1 a2 a3), (b0 b1 b2 b3) -> (a0+a2, b0+b2, a1+a3, b1+b3)
  const halve = (a, b) => [
    ...[...get(a), ...get(b), ...shuffle(0, 4, 1, 5), ...get(a), ...get(b), ...shuffle(2, 6, 3, 7)],
    ...[...sum, ...set(a)],
  ];
  const columns = [
    ...["A", "B", "C", "D"].flatMap((total) => [...OP.zeros, ...set(total)]),
    ...[...integer(0), ...set("PLACE")],
    ...OP.loop,
    ...[...get("X_NOW"), ...get("PLACE"), ...add, ...load, ...set("PART")],
    ...[...accumulate("A", "W"), ...accumulate("B", "W1"), ...accumulate("C", "W2"), ...accumulate("D", "W3")],
    ...[...get("PLACE"), ...integer(16), ...add, ...tee("PLACE"), ...get("ROW_BYTES"), ...OP.isLess, ...OP.repeatIf(0)],
    ...OP.end,
    ...[...halve("A", "B"), ...halve("C", "D")],
    ...[...get("Y_NOW"), ...get("A"), ...get("C"), ...shuffle(0, 1, 4, 5)],
    ...[...get("A"), ...get("C"), ...shuffle(2, 3, 6, 7), ...sum, ...OP.store],
  ];
  const vectors = [
    ...[...copy("X", "X_NOW"), ...copy("Y", "Y_NOW"), ...copy("COUNT", "LEFT")],
    ...OP.loop,
    ...columns,
    ...[...advance("X_NOW", get("ROW_BYTES")), ...advance("Y_NOW", get("Y_BYTES")), ...countDown("LEFT", 1)],
    ...OP.end,
  ];
  const body = [
    ...OP.loop,
    ...["W1", "W2", "W3"].flatMap((row, i) => advance(["W", "W1", "W2"][i], get("ROW_BYTES"), row)),
    ...vectors,
    ...[...advance("Y", integer(16)), ...advance("W3", get("ROW_BYTES"), "W"), ...countDown("ROWS", 4)],
    ...[...OP.end, ...OP.end],
  ];
  const [integers, floats] = [at.LEFT - at.Y_BYTES, at.PART - at.LEFT];
  const code = [2, ...[integers, I32], ...[floats, V128], ...body]; // what there is besides the arguments
  const text = (letters) => [letters.length, ...[...letters].map((letter) => letter.charCodeAt(0))];
  const section = (number, content) => [number, ...leb(content.length), ...content];
  return new Uint8Array([
    ...[0, ...text("asm").slice(1), 1, 0, 0, 0],
    ...section(1, [1, 0x60, 7, ...new Array(7).fill(I32), 0]), // a function of seven integers
    ...section(2, [1, ...text("of"), ...text("memory"), 2, 0, 1]), // works on a memory that it is given
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("product"), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
}

/** The same in plain JavaScript, on the numbers of a memory. */
function plainProduct(floats) {
  return (x, w, y, rowBytes, rows, count, yBytes) => {
    const columns = rowBytes / 4;
    for (let n = 0; n < count; n++) {
      for (let row = 0, place = w / 4; row < rows; row++) {
        let [a, b] = [0, 0];
        for (let column = x / 4 + n * columns, end = column + columns; column < end; column += 2, place += 2) {
          a += floats[column] * floats[place];
          b += floats[column + 1] * floats[place + 1];
        }
        floats[(y + n * yBytes) / 4 + row] = a + b;
      }
    }
  };
}

export const AT_ONCE = 32; // vectors that are multiplied together

/** Room for all matrices of a model and for vectors and products of the largest, and the program that multiplies. */
export class Kernel {
  /**
   * @param {number[][]} shapes The outputs and inputs of each matrix.
   * @param {boolean} simd False: the plain loop.
   */
  constructor(shapes, simd = true) {
    const largest = (part) => shapes.reduce((most, shape) => Math.max(most, padded(shape[part])), 4);
    const matrices = shapes.reduce((sum, [outputs, inputs]) => sum + padded(outputs) * padded(inputs), 0);
    [this.x, this.y, this.used] = [0, AT_ONCE * largest(1), AT_ONCE * (largest(1) + largest(0))];
    const size = this.used + matrices;
    this.isSimd = false;
    if (simd) {
      try {
        const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil((4 * size) / 65536)) });
        // So small a module may be compiled at once, without waiting.
        const module = new WebAssembly.Module(moduleBytes());
        this.run = new WebAssembly.Instance(module, { of: { memory } }).exports.product;
        this.floats = new Float32Array(memory.buffer);
        this.isSimd = true;
        return;
      } catch {
        // No WebAssembly, no SIMD, a policy that forbids both, or no memory of this kind: the loop needs none of them.
      }
    }
    this.floats = new Float32Array(size);
    this.run = plainProduct(this.floats);
  }

  /** Reserve room for some floats; return the index of the first. */
  take(count) {
    const place = this.used;
    this.used += count;
    return place;
  }
}

/** A length that the kernel can take: a multiple of four. */
export function padded(length) {
  return 4 * Math.ceil(length / 4);
}

/** A matrix in a kernel's memory: a row of weights for each output. Rows and columns are padded with zeros. */
export class Matrix {
  /**
   * @param {Kernel} kernel
   * @param {Weights} weights
   * @param {string} name
   * @param {number} outputs
   * @param {number} inputs
   * @param {Float32Array|null} bias
   */
  constructor(kernel, weights, name, outputs, inputs, bias = null) {
    [this.kernel, this.outputs, this.inputs, this.bias] = [kernel, outputs, inputs, bias];
    this.columns = padded(inputs);
    this.rows = padded(outputs);
    this.place = kernel.take(this.rows * this.columns);
    weights.takeRows(name, outputs, inputs, kernel.floats, this.place, this.columns);
  }

  /** The products with some vectors, at most `AT_ONCE`, and the bias: a Float32Array(outputs) for each. */
  products(vectors) {
    const { floats, run, x, y } = this.kernel;
    vectors.forEach((vector, n) => {
      floats.set(vector, x + n * this.columns);
      floats.fill(0, x + n * this.columns + this.inputs, x + (n + 1) * this.columns);
    });
    run(4 * x, 4 * this.place, 4 * y, 4 * this.columns, this.rows, vectors.length, 4 * this.rows);
    return vectors.map((_, n) => {
      const product = floats.slice(y + n * this.rows, y + n * this.rows + this.outputs);
      if (this.bias !== null) for (let i = 0; i < product.length; i++) product[i] += this.bias[i];
      return product;
    });
  }

  /** The product with one vector. */
  product(vector) {
    return this.products([vector])[0];
  }
}
