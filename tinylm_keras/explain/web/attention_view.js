// Attention: every head as a small picture, one of them open and drawn on the tokens.

import { byId, make, setText, paintShares, percentage, quoted, tokenText } from "./dom.js";

const MOST_NAMED = 3; // tokens in the sentence about a look
const BY_BLOCK = 8; // so many heads stand in one row for each block

export function showAttention(state) {
  const canvas = byId("matrix");
  canvas.addEventListener("click", (event) => {
    const trace = state.trace;
    const row = Math.floor((event.offsetY / canvas.clientHeight) * trace.length);
    state.select(trace.first + Math.max(0, Math.min(trace.length - 1, row)));
  });
  const thumbnails = [];
  const { blocks, heads } = state.model;
  for (let block = 0; block < blocks; block++) {
    for (let head = 0; head < heads; head++) thumbnails.push(thumbnail(state, block, head));
  }
  byId("heads").append(...thumbnails.map((one) => one.button));
  byId("heads").classList.toggle("by-block", heads <= BY_BLOCK);
  byId("heads").style.setProperty("--heads", heads);
  const draw = (settled) => {
    if (!settled || !state.trace) return;
    for (const one of thumbnails) drawThumbnail(state, one);
    drawOpenHead(state, canvas);
  };
  state.onChange(draw);
}

function thumbnail(state, block, head) {
  const canvas = make("canvas", {});
  const words = `block ${block + 1}, head ${head + 1}`;
  const button = make(
    "button",
    {
      type: "button",
      "aria-pressed": "false",
      "aria-label": words,
      onclick: () => {
        state.head = [block, head];
        state.tell();
      },
    },
    canvas,
    make("span", { "aria-hidden": "true" }, `${block + 1} · ${head + 1}`),
  );
  return { block, head, canvas, button };
}

function drawThumbnail(state, { block, head, canvas, button }) {
  const { trace, openHead } = state;
  paintShares(canvas, trace.attention(block, head), trace.length, trace.length);
  button.setAttribute("aria-pressed", openHead[0] === block && openHead[1] === head ? "true" : "false");
}

function drawOpenHead(state, canvas) {
  const { trace, row, openHead } = state;
  const [block, head] = openHead;
  const shares = trace.attention(block, head);
  paintShares(canvas, shares, trace.length, trace.length, row);
  const looks = Array.from(shares.slice(row * trace.length, (row + 1) * trace.length));
  const words = (place) => quoted(state.shown(trace.ids[place]));
  const order = looks
    .map((share, place) => ({ share, place }))
    .filter((one) => one.share > 0.005)
    .sort((a, b) => b.share - a.share);
  const named = order
    .slice(0, MOST_NAMED)
    .map(({ share, place }) => `${place === row ? "itself" : words(place)} ${percentage(share)}`);
  const others = order.length > MOST_NAMED ? " and less at others" : "";
  const sentence = `${words(row)}, token ${trace.first + row + 1}, looks at ${named.join(", ")}${others}.`;
  setText(byId("head-title"), `Block ${block + 1}, head ${head + 1}`);
  setText(byId("look"), sentence);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Attention of block ${block + 1}, head ${head + 1}. ${sentence}`);
  const largest = Math.max(0.25, ...looks);
  const chips = looks.map((share, place) => lookedAt(state, place, share, row, largest));
  const list = byId("looked");
  list.replaceChildren(...chips);
  list.scrollTop = chips[row].offsetTop - list.offsetTop - list.clientHeight / 2;
}

function lookedAt(state, place, share, row, largest) {
  const { trace } = state;
  const level = make("span", { class: "level" });
  level.style.height = `${(100 * share) / largest}%`;
  const look = place === row ? "chip here" : place > row ? "chip later" : "chip";
  return make(
    "span",
    { class: look },
    make("span", { class: "well" }, level),
    tokenText(state.shown(trace.ids[place])),
    make("small", {}, place > row ? "masked" : percentage(share)),
  );
}
