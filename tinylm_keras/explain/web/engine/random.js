// The random numbers of numpy's default_rng((seed, row)): SeedSequence and PCG64, so that the same seed writes the same
// text here and in Python.

const U32 = 2n ** 32n - 1n;
const U64 = 2n ** 64n - 1n;
const U128 = 2n ** 128n - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** The 32-bit words of a whole number, lowest first. */
function wordsOf(number) {
  const words = [];
  do {
    words.push(Number(number & U32));
    number >>= 32n;
  } while (number > 0n);
  return words;
}

/** Mix some words into `count` others (O'Neill's seed_seq, with numpy's constants). */
function spread(entropy, count) {
  const hashing = (start, factor) => {
    let constant = start;
    return (value) => {
      value ^= constant;
      constant = Math.imul(constant, factor);
      value = Math.imul(value, constant);
      return value ^ (value >>> 16);
    };
  };
  const mixed = (x, y) => {
    const result = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715);
    return result ^ (result >>> 16);
  };
  let hash = hashing(0x43b0d7e5, 0x931e8875);
  const pool = [0, 1, 2, 3].map((i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hash(pool[from]));
  }
  for (const word of entropy.slice(4)) {
    for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hash(word));
  }
  hash = hashing(0x8b51f9dd, 0x58f38ded);
  return Array.from({ length: count }, (_, i) => hash(pool[i % 4]) >>> 0);
}

/** The generator of one row of a call. */
export class Generator {
  /** @param {bigint} seed At least 0. @param {bigint} row */
  constructor(seed, row = 0n) {
    const words = spread([...wordsOf(seed), ...wordsOf(row)], 8).map(BigInt);
    const pairs = [0, 2, 4, 6].map((i) => words[i] | (words[i + 1] << 32n));
    this.increment = ((((pairs[2] << 64n) | pairs[3]) << 1n) | 1n) & U128;
    this.state = 0n;
    this.step();
    this.state = (this.state + ((pairs[0] << 64n) | pairs[1])) & U128;
    this.step();
    this.half = null; // the upper half of 64 bits, of which only the lower was used
  }

  step() {
    this.state = (this.state * MULTIPLIER + this.increment) & U128;
  }

  next64() {
    this.step();
    const [folded, turn] = [((this.state >> 64n) ^ this.state) & U64, this.state >> 122n];
    return ((folded >> turn) | (folded << (64n - turn))) & U64;
  }

  /** A number in [0, 1) with 53 bits. */
  double() {
    return Number(this.next64() >> 11n) / 2 ** 53;
  }

  /** A number in [0, 1) with 24 bits, as float32 has. */
  float() {
    if (this.half === null) {
      const bits = this.next64();
      this.half = Number(bits >> 32n);
      return (Number(bits & U32) >>> 8) / 2 ** 24;
    }
    const bits = this.half;
    this.half = null;
    return (bits >>> 8) / 2 ** 24;
  }
}
