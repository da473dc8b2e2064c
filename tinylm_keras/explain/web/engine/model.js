import { AverageLM, BigramLM, MLPLM } from "./baselines.js";
import { BytePairTokenizer } from "./byte_pair.js";
import { MixtureLM, NGramLM } from "./counts.js";
import { Kernel } from "./kernel.js";
import { MiniLM } from "./mini.js";
import { Refusal } from "./refusal.js";
import { RotaryLM } from "./rotary.js";
import { Weights } from "./weights.js";
import { WordPunctTokenizer } from "./word_punct.js";
import { CharacterTokenizer, WhitespaceTokenizer } from "./words.js";

const NETWORKS = { MiniLM, RotaryLM, AverageLM, BigramLM, MLPLM, NGramLM };
const TOKENIZERS = { WhitespaceTokenizer, WordPunctTokenizer, CharacterTokenizer, BytePairTokenizer };

/** What stands for a name in a table, or a refusal. */
function named(table, name) {
  if (!Object.hasOwn(table, name)) throw new Refusal(`This page is damaged: it does not know ${JSON.stringify(name)}.`);
  return table[name];
}

/** Make the model of a page. `simd: false` computes without WebAssembly. */
export function openModel(payload, { simd = true } = {}) {
  return new LoadedModel(payload, simd);
}

/** A network and its tokenizer, ready to write. */
class LoadedModel {
  constructor(payload, simd) {
    const { kind, config } = payload.model;
    [this.payload, this.kind] = [payload, kind];
    const isMixture = kind === "MixtureLM";
    const main = isMixture ? config.network : { kind, config };
    const weights = new Weights(payload.weights.arrays);
    const make = named(NETWORKS, main.kind);
    const kernel = new Kernel(make.shapes(main.config), simd);
    this.network = new make(main.config, weights, kernel);
    if (isMixture) {
      const counts = new NGramLM(config.counts.config, weights);
      this.network = new MixtureLM(config, weights, this.network, counts);
    }
    this.speedKind = kernel.isSimd ? "simd" : "plain";
    this.tokenizer = new (named(TOKENIZERS, payload.tokenizer.kind))(payload.tokenizer);
    [this.vocabularySize, this.contextLength] = [this.network.vocabularySize, this.network.contextLength];
    [this.endId, this.unkId, this.padId] = [this.tokenizer.endId, this.tokenizer.unkId, payload.model.pad_id];
    [this.firstTokens, this.defaults] = [payload.first_tokens, payload.generation];
    [this.blocks, this.heads] = [this.network.blocks.length, this.network.heads];
    [this.parameters, this.live] = [payload.model.parameters, payload.live];
    this.hasCounts = isMixture || kind === "NGramLM";
  }

  /** Which tokens may be written: Uint8Array(V); not padding, and [UNK] only when asked for. */
  allowed(allowUnknown = false) {
    const allowed = new Uint8Array(this.vocabularySize).fill(1);
    allowed.fill(0, this.tokenizer.vocabularySize); // ids that the model has and the tokenizer cannot print
    for (const id of [this.padId, allowUnknown ? null : this.unkId]) if (id !== null) allowed[id] = 0;
    return allowed;
  }

  /** Ids behind the end token, where the tokenizer has one: so begins every text of training. */
  afterEnd(ids) {
    return this.endId === null ? ids : [this.endId, ...ids];
  }

  /** A prompt that is ready to be continued: { ids, held, first }; see `BytePairTokenizer.tokenizePrompt`. */
  promptIds(text, allowed = this.allowed()) {
    let { ids, held, first } = this.tokenizer.tokenizePrompt(text);
    if (held) {
      const isPossible = first.some((good, id) => good && allowed[id]);
      if (!isPossible || (this.endId === null && ids.length === 0)) {
        [ids, held, first] = [this.tokenizer.tokenize(text), 0, null];
      }
    }
    return { ids: this.afterEnd(ids), held, first };
  }

  /** Compare logits with those that the page carries. */
  check() {
    const { reference, ids, places, tolerance } = this.payload.check;
    const wanted = new Map(places.map((place) => [place.position, place]));
    const cache = this.network.emptyCache();
    let largest = 0;
    this.network.steps(ids, cache, null).forEach((vector, position) => {
      if (!wanted.has(position)) return;
      const logits = this.network.head(vector);
      const { ids: some, logits: expected } = wanted.get(position);
      for (let i = 0; i < some.length; i++) {
        const difference = Math.abs(logits[some[i]] - expected[i]);
        if (!(difference <= largest)) largest = difference; // NaN counts too
      }
    });
    return { largest, tolerance, agrees: largest <= tolerance, reference };
  }
}
