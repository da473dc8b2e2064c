// What each part of the drawing does: words, formula, layer, and the places of the trace that go in and come out.

const into = (block) => (block === 0 ? "entrance" : `after block.${block - 1}`);

// The parts inside a block. `norm` is "pre" or "post", `names` what the layers of this kind of model are called.
function blockPart(name, block, norm, names) {
  const isPre = norm === "pre";
  const layer = `model.blocks[${block}]`;
  const half = name.startsWith("attention") ? "attention" : "feed forward";
  const before = half === "attention" ? into(block) : `after attention.${block}`;
  const after = half === "attention" ? `after attention.${block}` : `after block.${block}`;
  const added = `${half}.${block}`;
  if (name.endsWith("norm")) {
    return {
      title: names.normTitle,
      words: names.normWords,
      formula: names.normFormula,
      layer: `${layer}.${half.replace(" ", "_")}_norm (${names.norm})`,
      ins: isPre ? [before] : [[before, added]],
      outs: [isPre ? `${half} norm.${block}` : after],
    };
  }
  if (name.endsWith("sum")) {
    return {
      title: "Residual connection",
      words:
        "What this half computed is added to the vector that came in, so nothing that earlier parts wrote is " +
        "lost. The vector runs past each half, and each half only adds to it.",
      formula: `x = x + ${half === "attention" ? "attention" : "feed_forward"}(${isPre ? "norm(x)" : "x"})`,
      layer: `${layer}, the + in ${names.block}.call`,
      ins: [before, added],
      outs: [isPre ? after : [before, added]],
    };
  }
  const source = isPre ? `${half} norm.${block}` : before;
  if (half === "attention") {
    return {
      title: "Attention",
      words:
        "Each head takes over something from the tokens before, and from the token itself: the only place where " +
        "tokens learn of each other. The pictures of the heads stand under See.",
      formula:
        "queries, keys, values = x W_qkv + b\nattention(x) = [head 1, head 2, …] W_projection + b\n" +
        "head = softmax(q · kᵀ ÷ √head_dim) v",
      layer: `${layer}.attention (${names.attention})`,
      ins: [source],
      outs: [added],
    };
  }
  return {
    title: "Feed-forward network",
    words:
      "Two dense layers with a nonlinear function between them, at each token on its own. It is where most of " +
      "what the model knows is kept: wide in the middle, and back to the width of the vector.",
    formula: names.feedForward,
    layer: `${layer}.expand, ${layer}.contract (tlm.layers.${names.block})`,
    ins: [source],
    inner: `inner.${block}`,
    outs: [added],
  };
}

const MINI = {
  block: "TransformerBlock",
  attention: "tlm.layers.CausalSelfAttention",
  norm: "keras.layers.LayerNormalization",
  normTitle: "Layer normalization",
  normWords:
    "The numbers of the vector are shifted to mean 0 and scaled to variance 1, then stretched by learned gains. " +
    "So what follows always reads numbers of the same size.",
  normFormula: "y = gain · (x − mean(x)) ÷ √(variance(x) + 0.00001) + bias",
};
const ROTARY = {
  block: "RotaryBlock",
  attention: "tlm.layers.RotaryAttention: queries and keys are turned by an angle that grows with the position",
  norm: "keras.layers.RMSNormalization",
  normTitle: "RMS normalization",
  normWords:
    "The vector is divided by the root of the mean of its squares, then stretched by learned gains. So what " +
    "follows always reads numbers of the same size.",
  normFormula: "y = gain · x ÷ √(mean(x²) + 0.000001)",
  feedForward: "y = relu(x W_expand)² W_contract",
};

// The network of a model: the model itself, or the part of a mixture that is one.
export function networkOf(model) {
  const { kind, config } = model.payload.model;
  return kind === "MixtureLM" ? config.network : { kind, config };
}

export function namesOf({ kind, config }) {
  return kind === "RotaryLM"
    ? ROTARY
    : { ...MINI, feedForward: `y = ${config.activation}(x W_expand + b) W_contract + b` };
}

export function describePart(name, block, model) {
  const network = networkOf(model);
  const { kind, config } = network;
  const blocks = config.num_blocks || 0;
  const norm = kind === "RotaryLM" ? "pre" : config.norm;
  const names = namesOf(network);
  const layers = config.num_hidden_layers || 0;
  const last = blocks
    ? norm === "pre"
      ? "final"
      : `after block.${blocks - 1}`
    : kind === "BigramLM"
      ? "row"
      : `layer.${layers - 1}`;
  if (/^(attention|feed_forward)/.test(name)) return blockPart(name, block, norm, names);
  if (name.startsWith("layer_")) return hiddenLayer(Number(name.slice(6)), kind);
  return {
    token: {
      title: "Token vector",
      words:
        "Each token of the vocabulary has a vector of its own, learned in training: a row of a table. The id of " +
        "the token says which row.",
      formula: "x = table[id]",
      layer:
        kind === "MiniLM"
          ? "model.embedding.token_embedding (tlm.layers.TokenAndPositionEmbedding)"
          : "model.embedding (Embedding)",
      ins: [],
      outs: ["token"],
    },
    position: {
      title: "Position vector",
      words:
        "Each position of the context has a learned vector too. It is added, because attention alone would not " +
        "know the order of the tokens.",
      formula: "x = token_table[id] + position_table[position]",
      layer: "model.embedding (tlm.layers.TokenAndPositionEmbedding)",
      ins: ["token", "position"],
      outs: ["entrance"],
    },
    final_norm: {
      title: `The last ${names.normTitle.toLowerCase()}`,
      words: names.normWords,
      formula: names.normFormula,
      layer: `model.final_norm (${names.norm})`,
      ins: [`after block.${blocks - 1}`],
      outs: ["final"],
    },
    head: {
      title: "Head",
      words:
        "A dense layer turns the vector into one number for each token of the vocabulary: its logit. The larger " +
        "it is, the likelier the model finds that this token comes next.",
      formula:
        kind === "RotaryLM" && config.logit_soft_cap
          ? `logits = ${config.logit_soft_cap} · tanh(x W ÷ ${config.logit_soft_cap})`
          : config.head_bias === false
            ? "logits = x W"
            : "logits = x W + b",
      layer: kind === "RotaryLM" ? "model.head (SoftCappedDense)" : "model.head (Dense)",
      ins: [last],
      outs: [],
      answer: "logits",
    },
    softmax: {
      title: "Softmax",
      words:
        "Each logit becomes a power of e, and all are divided by their sum. So they are above 0 and sum to 1: " +
        "probabilities.",
      formula: "p(token) = exp(logit of the token) ÷ Σ exp(all logits)",
      layer: "keras.ops.softmax, in the loss and in tlm.Sampler",
      ins: [],
      outs: [],
      answer: "logits",
    },
    mean: {
      title: "Mean of all so far",
      words:
        "The vectors of all tokens up to here are averaged. So the model knows which tokens came, but not in " +
        "which order.",
      formula: "xᵢ = (v₁ + … + vᵢ) ÷ i",
      layer: "model.prefix_mean (PrefixMean)",
      ins: ["token"],
      outs: ["mean"],
    },
    window: {
      title: "Codes of the last tokens",
      words:
        "Each token has a fixed code of zeros and ones, and those of the last tokens stand side by side. Nothing " +
        "here is learned.",
      formula: `x = [code(id of ${config.window} tokens ago), …, code(last id)]`,
      layer: "model.coding, model.trailing_window (PermutationCoding, TrailingWindow)",
      ins: [],
      outs: ["window"],
    },
    row: {
      title: "A row of the table",
      words: "The model is one table: a row of logits for each token. It sees the last token alone.",
      formula: "logits = table[id]",
      layer: "model.table (Embedding)",
      ins: [],
      outs: ["row"],
      answer: "logits",
    },
    counts: {
      title: "Counting",
      words:
        "What followed in the training text is counted, for contexts of several lengths. In a mixture its guess " +
        "and that of the network are added, with shares that sum to 1.",
      formula: "p = share · p_network + (1 − share) · p_counts",
      layer: model.kind === "MixtureLM" ? "model.mixing (Mixing), model.counts (NGramLM)" : "model.head (CountTables)",
      ins: [],
      outs: [],
      answer: "counts",
    },
  }[name];
}

function hiddenLayer(index, kind) {
  const before = index === 0 ? (kind === "MLPLM" ? "window" : "mean") : `layer.${index - 1}`;
  return {
    title: `Hidden layer ${index + 1}`,
    words:
      "A product with a learned matrix, then a nonlinear function. Without the function, several layers would be " +
      "no more than one.",
    formula: kind === "MLPLM" ? "y = activation(batch_norm(x W))" : "y = leaky_relu(x W + b)",
    layer:
      kind === "MLPLM" ? `model.hidden_layers[${index}] (NormalizedDense)` : `model.dense_layers[${index}] (Dense)`,
    ins: [before],
    outs: [`layer.${index}`],
  };
}
