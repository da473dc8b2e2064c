import { demand } from "./refusal.js";
import { softmax, surpriseOf } from "./parts.js";

const { fround } = Math;

/** The rules that say how the next token is chosen, checked as Python checks them. */
export function checkedRules({ temperature, top_k, top_p, min_p, repetition_penalty }) {
  const isFrom = (low, value, high) => typeof value === "number" && low <= value && value <= high;
  const isTopK = top_k === null || (Number.isInteger(top_k) && top_k >= 1);
  demand(isFrom(0, temperature, 1e6), "Temperature must be from 0 to 1,000,000.", temperature);
  demand(isTopK, "Top-k must be a whole number of at least 1, or empty.", top_k);
  demand(top_p === null || (isFrom(0, top_p, 1) && top_p > 0), "Top-p must be above 0 and at most 1, or empty.", top_p);
  demand(min_p === null || (isFrom(0, min_p, 1) && min_p < 1), "Min-p must be at least 0 and below 1, or empty.", min_p);
  const penalty = repetition_penalty;
  demand(isFrom(1e-3, penalty, 1e3), "Repetition penalty must be from 0.001 to 1,000.", penalty);
  return { temperature, top_k, top_p, min_p, repetition_penalty };
}

/**
 * What the rules make of logits: weights of the tokens that may come, largest 1.
 * @param {Float32Array} logits Is overwritten.
 * @param {Object} rules From `checkedRules`.
 * @param {Uint8Array} allowed 0 for tokens that may not be written.
 * @param {Iterable<number>} seen Tokens that the repetition penalty applies to.
 * @returns {{ids: number[]|null, weights: Float32Array, best: number}} `ids` says which token each weight belongs to;
 *     null: the weights are in the order of the ids.
 */
function weigh(logits, rules, allowed, seen) {
  if (rules.repetition_penalty !== 1) {
    const penalty = fround(rules.repetition_penalty);
    for (const id of seen) logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
  }
  let best = 0;
  for (let id = 0; id < logits.length; id++) {
    if (!allowed[id]) logits[id] = -Infinity;
    if (logits[id] > logits[best]) best = id;
  }
  if (rules.temperature === 0) return { ids: [best], weights: Float32Array.of(1), best };
  const largest = logits[best];
  const temperature = fround(Math.max(rules.temperature, 1e-30));
  for (let id = 0; id < logits.length; id++) logits[id] = fround(logits[id] - largest) / temperature;
  const isAll = rules.top_k === null || rules.top_k >= logits.length;
  const ids = isAll && (rules.top_p === null || rules.top_p === 1) ? null : likeliest(logits, rules.top_k);
  const weights = new Float32Array(ids === null ? logits.length : ids.length);
  for (let i = 0; i < weights.length; i++) weights[i] = Math.exp(logits[ids === null ? i : ids[i]]);
  if (ids !== null && rules.top_p !== null) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      const before = sum;
      sum += weights[i];
      if (before >= fround(rules.top_p) * total) weights[i] = 0;
    }
  }
  if (rules.min_p) for (let i = 0; i < weights.length; i++) if (weights[i] < fround(rules.min_p)) weights[i] = 0;
  return { ids, weights, best };
}

/** The ids of the `count` largest numbers (null: of all), the largest first; ties go to the lowest id. */
export function likeliest(numbers, count) {
  const isAll = count === null || count >= numbers.length;
  const least = isAll ? -Infinity : Float32Array.from(numbers).sort()[numbers.length - count];
  const ids = [];
  for (let id = 0; id < numbers.length; id++) if (numbers[id] >= least) ids.push(id);
  ids.sort((a, b) => (numbers[a] === numbers[b] ? a - b : numbers[b] - numbers[a]));
  return isAll ? ids : ids.slice(0, count);
}

/** Choose a token by inverting the cumulative distribution at a random number in [0, 1). Overwrites `logits`. */
export function chosen(logits, uniform, rules, allowed, seen) {
  const { ids, weights, best } = weigh(logits, rules, allowed, seen);
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i];
  const target = uniform * total;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i];
    if (sum > target) return ids === null ? i : ids[i];
  }
  return best; // a random number next to 1 can round to the total itself
}

/** The probabilities that the rules leave, of all tokens, and how many are above 0. Overwrites `logits`. */
export function leftBy(rules, logits, allowed, seen) {
  const { ids, weights } = weigh(logits, rules, allowed, seen);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const left = new Float32Array(logits.length);
  weights.forEach((weight, i) => (left[ids === null ? i : ids[i]] = weight / total));
  return { left, count: weights.filter((weight) => weight > 0).length };
}

/** What may come next, and with which probability. */
export class Candidates {
  constructor(logits, uniform, rules, allowed, seen, parts = null) {
    [this.logits, this.uniform, this.allowed, this.parts] = [logits, uniform, allowed, parts];
    this.own = softmax(logits);
    Object.assign(this, leftBy(rules, logits.slice(), allowed, seen));
    this.chosen = chosen(logits.slice(), uniform, rules, allowed, seen);
  }

  /** The n tokens that the model finds likeliest; padding, for one, may not be written, whatever the rules. */
  ranked(n) {
    const row = (id) => ({ id, own: this.own[id], left: this.left[id], mayBeWritten: this.allowed[id] === 1 });
    return likeliest(this.own, n).map(row);
  }

  /** How surprised the model would be by a token, in bits. */
  surprise(id) {
    return surpriseOf(this.logits, id);
  }
}
