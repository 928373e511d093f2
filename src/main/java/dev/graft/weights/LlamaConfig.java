package dev.graft.weights;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@code LlamaForCausalLM}: pre-norm decoder with grouped-query attention, rotary positions and a
 * SwiGLU feed-forward. Field names are those of {@code transformers}.
 */
public record LlamaConfig(
    int hiddenSize,
    int intermediateSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int numKeyValueHeads,
    int headDim,
    int vocabSize,
    double rmsNormEps,
    int maxPositionEmbeddings,
    boolean tieWordEmbeddings,
    boolean attentionBias,
    boolean mlpBias,
    Rope rope,
    List<Integer> eosTokenIds,
    @Nullable Integer bosTokenId,
    @Nullable Integer padTokenId)
    implements ModelConfig {
  public LlamaConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  @Override
  public List<Linear> linearModules() {
    int queries = numAttentionHeads * headDim;
    int keys = numKeyValueHeads * headDim;
    List<Linear> modules = new ArrayList<>();
    for (int i = 0; i < numHiddenLayers; i++) {
      String attention = "model.layers." + i + ".self_attn.";
      modules.add(new Linear(attention + "q_proj", queries, hiddenSize));
      modules.add(new Linear(attention + "k_proj", keys, hiddenSize));
      modules.add(new Linear(attention + "v_proj", keys, hiddenSize));
      modules.add(new Linear(attention + "o_proj", hiddenSize, queries));
      String mlp = "model.layers." + i + ".mlp.";
      modules.add(new Linear(mlp + "gate_proj", intermediateSize, hiddenSize));
      modules.add(new Linear(mlp + "up_proj", intermediateSize, hiddenSize));
      modules.add(new Linear(mlp + "down_proj", hiddenSize, intermediateSize));
    }
    return modules;
  }

  @Override
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>();
    all.add(new Parameter("model.embed_tokens.weight", new long[] {vocabSize, hiddenSize}));
    List<Linear> linears = linearModules();
    for (int i = 0; i < numHiddenLayers; i++) {
      String layer = "model.layers." + i + ".";
      all.add(norm(layer + "input_layernorm"));
      for (Linear each : linears.subList(7 * i, 7 * i + 4)) addLinear(all, each, attentionBias);
      all.add(norm(layer + "post_attention_layernorm"));
      for (Linear each : linears.subList(7 * i + 4, 7 * i + 7)) addLinear(all, each, mlpBias);
    }
    all.add(norm("model.norm"));
    if (!tieWordEmbeddings) {
      all.add(new Parameter("lm_head.weight", new long[] {vocabSize, hiddenSize}));
    }
    return all;
  }

  private Parameter norm(String module) {
    return new Parameter(module + ".weight", new long[] {hiddenSize});
  }

  private static void addLinear(List<Parameter> all, Linear linear, boolean bias) {
    all.add(
        new Parameter(
            linear.path() + ".weight", new long[] {linear.outFeatures(), linear.inFeatures()}));
    if (bias) all.add(new Parameter(linear.path() + ".bias", new long[] {linear.outFeatures()}));
  }
}
