package dev.graft.training.model;

import dev.graft.training.program.Attend;
import dev.graft.training.program.Gate;
import dev.graft.training.program.Linear;
import dev.graft.training.program.Norm;
import dev.graft.training.program.Rotate;
import dev.graft.training.program.Statement;
import dev.graft.training.program.Sum;
import dev.graft.weights.LlamaConfig;
import java.util.List;

/** Llama (Touvron et al. 2023) and whatever else calls itself {@code LlamaForCausalLM}. */
public record LlamaFamily(LlamaConfig config) implements Family {
  @Override
  public List<Statement> layer() {
    double eps = config.rmsNormEps();
    return List.of(
        new Norm("attention_in", "x", "input_layernorm", eps),
        new Linear("q", "attention_in", "self_attn.q_proj"),
        new Linear("k", "attention_in", "self_attn.k_proj"),
        new Linear("v", "attention_in", "self_attn.v_proj"),
        new Rotate("q_turned", "q"),
        new Rotate("k_turned", "k"),
        new Attend("o", "q_turned", "k_turned", "v", keyValueHeads(), headDim()),
        new Linear("attention_out", "o", "self_attn.o_proj"),
        new Sum("middle", "x", "attention_out"),
        new Norm("mlp_in", "middle", "post_attention_layernorm", eps),
        new Linear("gate", "mlp_in", "mlp.gate_proj"),
        new Linear("up", "mlp_in", "mlp.up_proj"),
        new Gate("gated", "gate", "up"),
        new Linear("mlp_out", "gated", "mlp.down_proj"),
        new Sum("y", "middle", "mlp_out"));
  }

  @Override
  public String layerPrefix(int layer) {
    return "model.layers." + layer + ".";
  }

  @Override
  public String embedding() {
    return "model.embed_tokens.weight";
  }

  @Override
  public String finalNorm() {
    return "model.norm.weight";
  }

  @Override
  public String head() {
    return config.tieWordEmbeddings() ? embedding() : "lm_head.weight";
  }

  @Override
  public double normEps() {
    return config.rmsNormEps();
  }

  @Override
  public int headDim() {
    return config.headDim();
  }

  @Override
  public int keyValueHeads() {
    return config.numKeyValueHeads();
  }

  @Override
  public float[] inverseFrequencies() {
    return config.rope().inverseFrequencies(config.headDim());
  }
}
