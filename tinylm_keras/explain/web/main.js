// Opens the model of the page and puts its views together.

import { byId, setText, grouped } from "./dom.js";
import { openModel } from "./engine/model.js";
import { Refusal } from "./engine/refusal.js";
import { PageState } from "./page_state.js";
import { showWriting } from "./writing_view.js";
import { showOdds } from "./odds_view.js";
import { showTokens } from "./tokens_view.js";
import { showAttention } from "./attention_view.js";
import { showNumbers } from "./numbers_view.js";
import { showGuesses } from "./guesses_view.js";
import { showVector } from "./vector_view.js";
import { showCounting } from "./counting_view.js";
import { showParts } from "./parts_view.js";
import { networkOf, namesOf } from "./parts_words.js";

function main() {
  followTheme();
  followLinks();
  const payload = JSON.parse(byId("payload").textContent);
  const model = openModel(payload);
  describeModel(model);
  const state = new PageState(model);
  const hasPlaces =
    !model.live ||
    model.blocks > 0 ||
    model.kind === "AverageLM" ||
    model.kind === "MLPLM" ||
    networkOf(model).kind === "AverageLM";
  const views = [
    ["write", showWriting, true],
    ["write", showOdds, true],
    ["tokens-view", showTokens, true],
    ["attention-view", showAttention, model.blocks > 0],
    ["numbers-view", showNumbers, model.blocks > 0 && model.live],
    ["guesses-view", showGuesses, model.blocks > 0],
    ["vector-view", showVector, hasPlaces],
    ["counting-view", showCounting, model.hasCounts],
    ["read", showParts, true],
  ];
  for (const [id, show, applies] of views) {
    if (applies) show(state);
    else byId(id).remove();
  }
  nameLayers(model);
  sayWhatIsRecorded(model, state);
  checkModel(model);
  document.addEventListener("themechange", () => state.tell());
  state.tell();
  document.body.dataset.ready = "true";
}

function describeModel(model) {
  const { title } = model.payload;
  const { kind, parameters } = model.payload.model;
  setText(byId("name"), title || kind);
  document.title = title || kind;
  const network = networkOf(model);
  const several = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const sizes = model.blocks ? `${several(model.blocks, "block")} of ${several(model.heads, "head")}` : null;
  const what = kind === "MixtureLM" ? `${network.kind} mixed with counts` : kind;
  const facts = [
    what,
    parameters ? `${grouped(parameters)} weights` : null,
    sizes,
    `${grouped(model.vocabularySize)} tokens in its vocabulary`,
    `context of ${grouped(model.contextLength)} tokens`,
  ];
  setText(byId("facts"), facts.filter((one) => one).join(" · "));
}

function nameLayers(model) {
  const network = networkOf(model);
  const names = namesOf(network);
  for (const node of document.querySelectorAll(".attention-layer"))
    setText(node, `model.blocks[i].attention, ${names.attention}`);
  for (const node of document.querySelectorAll(".norm-name")) setText(node, "final_norm");
  for (const node of document.querySelectorAll(".final-layer")) setText(node, "model.final_norm, ");
  if (network.config.norm === "post") for (const node of document.querySelectorAll(".final-layer")) node.remove();
  for (const node of document.querySelectorAll("[data-for]")) if (node.dataset.for !== network.kind) node.remove();
  for (const node of document.querySelectorAll("[data-mixture]")) if (model.kind !== "MixtureLM") node.remove();
  const layers = {
    MiniLM: "model.embedding, model.blocks",
    RotaryLM: "model.embedding, model.blocks",
    AverageLM: "model.prefix_mean, model.dense_layers",
    MLPLM: "model.trailing_window, model.hidden_layers",
  };
  if (byId("vector-layers")) setText(byId("vector-layers"), layers[network.kind] || "");
  if (byId("counting-layers"))
    setText(
      byId("counting-layers"),
      model.kind === "MixtureLM" ? "model.counts (NGramLM), model.mixing" : "model.head (CountTables)",
    );
}

function sayWhatIsRecorded(model, state) {
  if (!state.recorded) return; // also where the page begins without a token: then there is nothing to record
  const length = state.recorded.length;
  const why = `because a model of ${grouped(model.parameters)} weights would be slow here`;
  const words = `Recorded for the first prompt of this page (${length} tokens), ${why}. Writing is computed here.`;
  for (const node of document.querySelectorAll(".recorded")) setText(node, words);
}

// Compares the model of this page with logits that were computed when the page was made, and says so.
function checkModel(model) {
  const { largest, tolerance, agrees, reference } = model.check();
  document.body.dataset.error = String(largest);
  const difference = largest === 0 ? "0" : largest.toPrecision(2);
  const { precision } = model.payload.weights;
  const found = `its logits differ from those of ${reference} by at most ${difference}`;
  const words = `This page checked itself: with ${precision} weights, ${found}`;
  setText(
    byId("check"),
    agrees
      ? `${words}.`
      : `${words}, more than the ${tolerance} that it should. What it shows is not reliable in this browser.`,
  );
  setText(byId("contains"), describeCounts(model.payload.counts));
}

function describeCounts(counts) {
  if (counts?.inside)
    return "The file contains counts, and with them pieces of the training text, besides its vocabulary.";
  if (!counts?.left_out) return "";
  const why = counts.left_out === "size" ? " because they are large" : "";
  return `The counts of this model are left out${why}, so the page writes with its network alone.`;
}

// The colours follow the system, unless the reader chose.
function followTheme() {
  const told = () => document.dispatchEvent(new Event("themechange"));
  byId("theme").addEventListener("change", () => {
    document.documentElement.dataset.theme = byId("theme").value;
    told();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", told);
}

// In the frame of a notebook a link to a part of the page would mean the notebook's own address.
function followLinks() {
  if (location.protocol !== "about:") return;
  for (const link of document.querySelectorAll("a[href^='#']")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      document.querySelector(link.getAttribute("href")).scrollIntoView();
    });
  }
}

try {
  main();
} catch (error) {
  setText(byId("failure"), error instanceof Refusal ? error.message : `This page does not work here: ${error.message}`);
  if (!(error instanceof Refusal)) throw error;
}
