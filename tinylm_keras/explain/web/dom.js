// Elements, and numbers as a reader sees them. What comes from a model becomes text nodes and is never parsed.

export function byId(id) {
  return document.getElementById(id);
}

// A new element. Attributes that begin with "on" are listeners; children are nodes or text.
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// A table. Each head is a text, or a pair of a text and the attributes of its cell; rows are elements.
export function makeTable(caption, heads, rows, attributes = {}) {
  const cells = heads.map((one) => (Array.isArray(one) ? one : [one, {}]));
  const head = make("tr", {}, ...cells.map(([words, own]) => make("th", { scope: "col", ...own }, words)));
  const above = caption ? [make("caption", {}, caption)] : [];
  return make("table", attributes, ...above, make("thead", {}, head), make("tbody", {}, ...rows));
}

export function makeRow(words, ...cells) {
  return make("tr", {}, make("th", { scope: "row" }, ...[words].flat()), ...cells);
}

// Sets a text only when it is another one, so that a screen reader is not told twice.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function percentage(share) {
  if (share === 0) return "0 %";
  if (share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

export function decimal(number, digits = 2) {
  if (!Number.isFinite(number)) return number < 0 ? "−∞" : "∞";
  return number
    .toFixed(digits)
    .replace("-", "−")
    .replace(/^−(0\.?0*)$/, "$1");
}

export function grouped(number) {
  return number.toLocaleString("en-US");
}

// White space, control characters and those that turn the direction of writing as signs or code points: a token that is
// a blank can be seen, and no token reorders the words around it.
export function visible(text) {
  const signs = { " ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍" };
  const shown = text.replace(/[\p{Cc}\p{Z}\p{Bidi_Control}]/gu, (character) => signs[character] ?? codePoint(character));
  return /^[\p{Cf}\p{M}]*$/u.test(shown) ? Array.from(shown, codePoint).join("") : shown;
}

// A token in a sentence, isolated so that one of another direction does not reorder the sentence.
export function quoted(text) {
  return `“\u2068${text}\u2069”`;
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

export function tokenText(text, attributes = {}) {
  return make("span", { class: "token", dir: "auto", ...attributes }, visible(text));
}

export function euclidean(vector) {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}

// The shares of a canvas's colour, row by row: 0 is transparent and 1 the colour of the text. Small shares are drawn
// darker than they are, or a long text would show none.
export function paintShares(canvas, shares, columns, rows, mark = -1) {
  const [red, green, blue] = coloursOf(canvas);
  const image = new ImageData(columns, rows);
  for (let i = 0; i < shares.length; i++) {
    const row = Math.floor(i / columns);
    const ground = row === mark ? 0.12 : 0;
    image.data.set([red, green, blue, 255 * Math.min(1, ground + (1 - ground) * shares[i] ** 0.65)], 4 * i);
  }
  put(canvas, image);
}

// The numbers of a vector: the accent above zero, amber below, both as strong as the number is large.
export function paintVector(canvas, vector) {
  const above = coloursOf(canvas);
  const below = channels(getComputedStyle(canvas).caretColor); // the style sheet keeps the second colour there
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const image = new ImageData(vector.length, 1);
  vector.forEach((value, i) => {
    const [red, green, blue] = value < 0 ? below : above;
    image.data.set([red, green, blue, (255 * Math.abs(value)) / largest], 4 * i);
  });
  put(canvas, image);
}

function put(canvas, image) {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function coloursOf(canvas) {
  return channels(getComputedStyle(canvas).color);
}

function channels(colour) {
  return (colour.match(/[\d.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);
}

// A strip that shows a vector. It is painted once it stands in the page, where its colour is known.
export function strip(vector, words) {
  const canvas = make("canvas", { role: "img", "aria-label": `${words}: ${rangeOf(vector)}` });
  requestAnimationFrame(() => paintVector(canvas, vector));
  return make("div", { class: "strip" }, canvas);
}

export function rangeOf(vector) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of vector) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return `${vector.length} numbers from ${decimal(low)} to ${decimal(high)}`;
}

export function firstNumbers(vector, count = 6) {
  const shown = Array.from(vector.slice(0, count), (value) => decimal(value)).join("  ");
  return vector.length > count ? `${shown}  …` : shown;
}
