// What networks are made of, on vectors (Float32Array).

/** Layer normalization: mean 0 and variance 1, then a gain and a bias. */
export function layerNorm(x, { gain, bias }) {
  let mean = 0;
  for (let i = 0; i < x.length; i++) mean += x[i];
  mean /= x.length;
  let variance = 0;
  for (let i = 0; i < x.length; i++) variance += (x[i] - mean) ** 2;
  const scale = 1 / Math.sqrt(variance / x.length + 1e-5);
  const y = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) y[i] = (x[i] - mean) * scale * gain[i] + bias[i];
  return y;
}

/** Division by the root of the mean square, then a gain; of the part of `x` from `start` on that is as long as it. */
export function rmsNorm(x, gain, start = 0) {
  let squares = 0;
  for (let i = 0; i < gain.length; i++) squares += x[start + i] ** 2;
  const scale = 1 / Math.sqrt(squares / gain.length + 1e-6);
  const y = new Float32Array(gain.length);
  for (let i = 0; i < gain.length; i++) y[i] = x[start + i] * scale * gain[i];
  return y;
}

/** The sum of two vectors. */
export function added(x, y) {
  const sum = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) sum[i] = x[i] + y[i];
  return sum;
}

/** The length of a vector. */
export function lengthOf(x) {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i] * x[i];
  return Math.sqrt(squares);
}

/** Probabilities of logits: e to the power of each, divided by their sum. */
export function softmax(logits) {
  const largest = maximum(logits);
  const shares = new Float32Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - largest);
  for (let i = 0; i < logits.length; i++) shares[i] = Math.exp(logits[i] - largest) / total;
  return shares;
}

/** Natural logarithms of the probabilities of logits. */
export function logSoftmax(logits) {
  const largest = maximum(logits);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - largest);
  const shift = largest + Math.log(total);
  return logits.map((logit) => logit - shift);
}

/** How surprising a token is under some logits, in bits. */
export function surpriseOf(logits, id) {
  const largest = maximum(logits);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - largest);
  return (Math.log(total) + largest - logits[id]) / Math.LN2;
}

/** The largest of some numbers. */
export function maximum(numbers) {
  let largest = -Infinity;
  for (let i = 0; i < numbers.length; i++) if (numbers[i] > largest) largest = numbers[i];
  return largest;
}

/**
 * The exact GELU is x Φ(x), and Φ(x) = 1 / (1 + exp(-x P(x²))) with this polynomial P, which was fitted so that the
 * result is right to 6e-7.
 */
function gelu(x) {
  const square = x * x;
  let sum = 3.611292387255527e-9;
  sum = sum * square - 2.668954958138447e-7;
  sum = sum * square + 7.938262585948671e-6;
  sum = sum * square - 1.1048063905319212e-4;
  sum = sum * square - 6.625890235117883e-5;
  sum = sum * square + 7.26685655722175e-2;
  sum = sum * square + 1.5957684327103792;
  return x / (1 + Math.exp(-x * sum));
}

export const ACTIVATIONS = {
  relu: (x) => Math.max(x, 0),
  gelu,
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * x * (1 + 0.044715 * x * x))),
  silu: (x) => x / (1 + Math.exp(-x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  leaky_relu: (x) => Math.max(x, 0.2 * x),
};

/** Apply a function to each number of a vector, in place. */
export function applied(activation, x) {
  for (let i = 0; i < x.length; i++) x[i] = activation(x[i]);
  return x;
}
