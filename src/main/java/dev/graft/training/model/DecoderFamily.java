package dev.graft.training.model;

import dev.graft.training.program.Attend;
import dev.graft.training.program.Gate;
import dev.graft.training.program.Linear;
import dev.graft.training.program.Norm;
import dev.graft.training.program.Rotate;
import dev.graft.training.program.Statement;
import dev.graft.training.program.Sum;
import dev.graft.weights.Activation;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DecoderConfig.Multipliers;
import dev.graft.weights.DecoderConfig.Norms;
import dev.graft.weights.DecoderConfig.Placement;
import dev.graft.weights.DecoderConfig.QkNorm;
import dev.graft.weights.Rope;
import dev.graft.weights.Task;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Llama (Touvron et al. 2023) and whatever computes the same. */
public record DecoderFamily(DecoderConfig config) implements Family {
  /** What this class computes; the one place that says which decoders can be trained. */
  static boolean trains(DecoderConfig config) {
    DecoderConfig.Attention attention = config.attention();
    return config.task() instanceof Task.CausalLm
        && attention.qkNorm() == QkNorm.NONE
        && attention.softcap() == 0
        && attention.scale() == Math.pow(attention.headDim(), -0.5)
        && config.norms().equals(new Norms(config.norms().eps(), false, Placement.PRE))
        && config.feedForward().activation() == Activation.SILU
        && !config.fused()
        && config.multipliers().equals(Multipliers.NONE)
        && config.layers().stream().allMatch(config.layers().getFirst()::equals)
        && config.layers().getFirst().window() == 0
        && plain(config.layers().getFirst().rope());
  }

  private static boolean plain(@Nullable Rope rope) {
    return switch (rope) {
      case null -> false;
      case Rope.Default r -> true;
      case Rope.Linear r -> true;
      case Rope.Llama3 r -> true;
      case Rope.Dynamic r -> false;
      case Rope.Yarn r -> false;
      case Rope.LongRope r -> false;
    };
  }

  @Override
  public List<Statement> layer() {
    double eps = config.norms().eps();
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
    return config.layerPrefix(layer);
  }

  @Override
  public String embedding() {
    return config.inputEmbedding();
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
    return config.norms().eps();
  }

  @Override
  public int headDim() {
    return config.attention().headDim();
  }

  @Override
  public int keyValueHeads() {
    return config.attention().keyValueHeads();
  }

  @Override
  public float[] inverseFrequencies() {
    return Objects.requireNonNull(config.layers().getFirst().rope()).inverseFrequencies(1);
  }
}
