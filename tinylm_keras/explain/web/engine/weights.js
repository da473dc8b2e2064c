import { Refusal } from "./refusal.js";

/** The bytes of a base64 text. */
function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** The float of each of the 65,536 patterns of 16 bits: a sign, five bits of exponent, ten of fraction. */
function float16Table() {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    table[bits] = (bits & 0x8000 ? -1 : 1) * (exponent === 31 ? (fraction ? NaN : Infinity) : size);
  }
  return table;
}

const ARRAYS = { float32: Float32Array, float16: Uint16Array, int8: Int8Array, int16: Int16Array };
Object.assign(ARRAYS, { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array });

/** The arrays that the page carries, by name. Each is decoded when it is taken. */
export class Weights {
  /** @param {Object<string, {type: string, shape: number[], data: string}>} arrays */
  constructor(arrays) {
    this.arrays = arrays;
    this.halves = null;
  }

  /** The numbers as stored, in a typed array of their own type; refuses an array of another shape. */
  stored(name, ...shape) {
    const array = Object.hasOwn(this.arrays, name) ? this.arrays[name] : null;
    if (array === null || array.shape.join() !== shape.join() || !Object.hasOwn(ARRAYS, array.type)) {
      throw new Refusal(`This page is damaged: the weights ${name} are missing or have another shape.`);
    }
    const bytes = bytesOf(array.data);
    const count = shape.reduce((product, size) => product * size, 1);
    if (bytes.length !== count * ARRAYS[array.type].BYTES_PER_ELEMENT) {
      throw new Refusal(`This page is damaged: the weights ${name} are cut off.`);
    }
    return new ARRAYS[array.type](bytes.buffer);
  }

  /** An array as floats: Float32Array. */
  take(name, ...shape) {
    const columns = shape.length > 1 ? shape[shape.length - 1] : shape[0];
    const rows = columns ? shape.reduce((product, size) => product * size, 1) / columns : 0;
    const floats = new Float32Array(rows * columns);
    this.decode(name, shape, floats, 0, columns);
    return floats;
  }

  /** Floats, of which only the indices in a list of levels may be stored. */
  takeLevels(name, count) {
    const list = `${name}.levels`;
    if (!Object.hasOwn(this.arrays, list)) return this.take(name, count);
    const levels = this.take(list, this.arrays[list].shape[0]);
    return Float32Array.from(this.stored(name, count), (index) => levels[index]);
  }

  /** Write a matrix into `floats` from `place` on, its rows `stride` apart. */
  takeRows(name, rows, columns, floats, place, stride) {
    this.decode(name, [rows, columns], floats, place, stride);
  }

  decode(name, shape, floats, place, stride) {
    const numbers = this.stored(name, ...shape);
    const { type, scale: common = 1 } = this.arrays[name];
    const columns = shape[shape.length - 1];
    if (type === "float16") {
      this.halves ??= float16Table();
      for (let from = 0; from < numbers.length; from += columns, place += stride) {
        for (let i = 0; i < columns; i++) floats[place + i] = this.halves[numbers[from + i]];
      }
      return;
    }
    const scales = type === "int8" ? this.take(`${name}.scale`, numbers.length / columns) : null;
    for (let from = 0, row = 0; from < numbers.length; from += columns, place += stride, row++) {
      const scale = scales === null ? common : scales[row];
      for (let i = 0; i < columns; i++) floats[place + i] = numbers[from + i] * scale;
    }
  }
}
