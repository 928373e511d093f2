package dev.graft.weights;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoder of the Llama kind: RMS norms, rotary positions, gated feed-forward. The families are
 * told apart by the settings here, not by their name.
 *
 * @param fused whether q, k, v lie in one matrix {@code qkv_proj} and gate, up in {@code
 *     gate_up_proj} (Phi-3)
 * @param layers attention of each layer, as many as there are layers
 */
public record DecoderConfig(
    Basics basics,
    Attention attention,
    Norms norms,
    FeedForward feedForward,
    boolean fused,
    Multipliers multipliers,
    List<LayerAttention> layers)
    implements ModelConfig {
  public DecoderConfig {
    layers = List.copyOf(layers);
  }

  /**
   * Attention of every layer.
   *
   * @param scale of the scores, usually {@code headDim^-1/2}
   * @param softcap scores become {@code softcap * tanh(score / softcap)}; 0 = none
   * @param bias of q, k and v
   * @param outputBias of {@code o_proj}
   */
  public record Attention(
      int heads,
      int keyValueHeads,
      int headDim,
      double scale,
      double softcap,
      boolean bias,
      boolean outputBias,
      QkNorm qkNorm) {
    int queryWidth() {
      return heads * headDim;
    }

    int keyWidth() {
      return keyValueHeads * headDim;
    }
  }

  /** RMS norms {@code q_norm} and {@code k_norm} of queries and keys, before the rotation. */
  public enum QkNorm {
    NONE,
    /** Over each head; weight (headDim). */
    PER_HEAD,
    /** Over all heads together; weight (heads * headDim). */
    FULL_WIDTH
  }

  /**
   * @param addOne whether the factor is {@code 1 + weight} (Gemma)
   */
  public record Norms(double eps, boolean addOne, Placement placement) {
    /** Whether bf16 is rounded after the weight only (Gemma, OLMo-2), not before it, too. */
    public boolean roundsOnce() {
      return addOne || placement == Placement.POST;
    }
  }

  /** Where a layer has its norms. */
  public enum Placement {
    /** Before attention ({@code input_layernorm}) and MLP ({@code post_attention_layernorm}). */
    PRE,
    /** On the output of attention and MLP: {@code post_attention_}, {@code post_feedforward_}. */
    POST,
    /** Both; {@code pre_feedforward_layernorm} is the one before the MLP. */
    SANDWICH
  }

  /** {@code down(activation(gate(x)) * up(x))}. */
  public record FeedForward(int size, Activation activation, boolean bias) {}

  /**
   * Factors of the forward pass; 1 = unused.
   *
   * @param embedding of the token embedding, rounded to the table's type when used (Gemma: the
   *     square root of the hidden size)
   * @param scalesTable whether that factor is of the token table, as Gemma's, or of all that enters
   *     the first layer, as Granite's
   * @param residual of the outputs of attention and MLP before they are added
   * @param logitsScale of the logits, before the cap
   * @param logitSoftcap logits become {@code cap * tanh(logit / cap)}; 0 = none
   */
  public record Multipliers(
      double embedding,
      boolean scalesTable,
      double residual,
      double logitsScale,
      double logitSoftcap) {
    public static final Multipliers NONE = new Multipliers(1, true, 1, 1, 0);
  }

  /**
   * Attention of one layer.
   *
   * @param window a token sees itself and {@code window - 1} before it; 0 = all
   * @param rope null = no positions
   */
  public record LayerAttention(int window, @Nullable Rope rope) {}

  @Override
  public DecoderConfig withTask(Task task) {
    return new DecoderConfig(
        basics.withTask(task), attention, norms, feedForward, fused, multipliers, layers);
  }

  @Override
  public String basePrefix() {
    return "model.";
  }

  @Override
  public String layerPrefix(int layer) {
    return "model.layers." + layer + ".";
  }

  @Override
  public String inputEmbedding() {
    return "model.embed_tokens.weight";
  }

  @Override
  public String outputModule() {
    return DecoderHeads.outputModule(this, "lm_head");
  }

  @Override
  public List<Leaf> leaves() {
    return new DecoderLeaves(this).all();
  }

  /** Old checkpoints store the rope frequencies. */
  @Override
  public boolean ignores(String tensor) {
    return tensor.endsWith(".rotary_emb.inv_freq") || DecoderHeads.ignores(this, tensor, "lm_head");
  }
}
