package dev.graft.weights;

import dev.graft.weights.DecoderConfig.Placement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoder that resembles Llama: RMS norms, rotary positions, gated feed-forward. The families
 * differ in these settings, not in their name.
 *
 * @param fused whether q, k and v are one matrix {@code qkv_proj}, and gate and up are {@code
 *     gate_up_proj} (Phi-3)
 * @param layers attention of each layer
 */
public record DecoderConfig(
    ModelConfig.Basics basics,
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
   * @param scale scale of the scores, usually {@code headDim^-1/2}
   * @param softcap scores become {@code softcap * tanh(score / softcap)}; 0 = none
   * @param bias whether q, k and v have biases
   * @param outputBias whether {@code o_proj} has a bias
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
    /** Whether bf16 is rounded only after the weight (Gemma, OLMo-2), and not also before it. */
    public boolean roundsOnce() {
      return addOne || placement == Placement.POST;
    }
  }

  /** The places of a layer's norms. */
  public enum Placement {
    /** Before attention ({@code input_layernorm}) and MLP ({@code post_attention_layernorm}). */
    PRE,
    /** On the output of attention and MLP: {@code post_attention_}, {@code post_feedforward_}. */
    POST,
    /** Both; {@code pre_feedforward_layernorm} is the one before the MLP. */
    SANDWICH
  }

  /** {@code down(activation(gate(x)) * up(x))}. */
  public record FeedForward(int size, ModelConfig.Activation activation, boolean bias) {}

  /**
   * Factors of the forward pass; 1 = none.
   *
   * @param embedding factor of the token embedding, rounded to the table's type when used (Gemma:
   *     the square root of the hidden size)
   * @param scalesTable whether that factor applies to the token table, as in Gemma, or to all input
   *     of the first layer, as in Granite
   * @param residual factor of the outputs of attention and MLP before they are added
   * @param logitsScale factor of the logits, before the cap
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
  public Names names() {
    return new Names("model.", "model.layers", "model.embed_tokens", "lm_head", "score");
  }

  @Override
  public List<Leaf> leaves() {
    int hidden = hiddenSize();
    List<Leaf> leaves = new ArrayList<>();
    leaves.add(Leaf.embedding("model.embed_tokens", vocabSize(), hidden));
    for (int i = 0; i < numHiddenLayers(); i++) layer(leaves, layerPrefix(i));
    leaves.add(Leaf.rmsNorm("model.norm", hidden));
    leaves.addAll(DecoderHeads.leaves(this));
    return leaves;
  }

  private void layer(List<Leaf> leaves, String layer) {
    Placement placement = norms.placement();
    if (placement != Placement.POST) norm(leaves, layer + "input_layernorm");
    attention(leaves, layer + "self_attn.");
    norm(leaves, layer + "post_attention_layernorm");
    if (placement == Placement.SANDWICH) norm(leaves, layer + "pre_feedforward_layernorm");
    feedForward(leaves, layer + "mlp.");
    if (placement != Placement.PRE) norm(leaves, layer + "post_feedforward_layernorm");
  }

  private void norm(List<Leaf> leaves, String path) {
    leaves.add(Leaf.rmsNorm(path, hiddenSize()));
  }

  private void attention(List<Leaf> leaves, String path) {
    int hidden = hiddenSize();
    int queries = attention.queryWidth();
    int keys = attention.keyWidth();
    boolean bias = attention.bias();
    if (fused) {
      leaves.add(Leaf.linear(path + "qkv_proj", queries + 2 * keys, hidden, bias));
    } else {
      leaves.add(Leaf.linear(path + "q_proj", queries, hidden, bias));
      leaves.add(Leaf.linear(path + "k_proj", keys, hidden, bias));
      leaves.add(Leaf.linear(path + "v_proj", keys, hidden, bias));
    }
    switch (attention.qkNorm()) {
      case NONE -> {}
      case PER_HEAD -> {
        leaves.add(Leaf.rmsNorm(path + "q_norm", attention.headDim()));
        leaves.add(Leaf.rmsNorm(path + "k_norm", attention.headDim()));
      }
      case FULL_WIDTH -> {
        leaves.add(Leaf.rmsNorm(path + "q_norm", queries));
        leaves.add(Leaf.rmsNorm(path + "k_norm", keys));
      }
    }
    leaves.add(Leaf.linear(path + "o_proj", hidden, queries, attention.outputBias()));
  }

  private void feedForward(List<Leaf> leaves, String path) {
    int hidden = hiddenSize();
    int size = feedForward.size();
    boolean bias = feedForward.bias();
    if (fused) {
      leaves.add(Leaf.linear(path + "gate_up_proj", 2 * size, hidden, bias));
    } else {
      leaves.add(Leaf.linear(path + "gate_proj", size, hidden, bias));
      leaves.add(Leaf.linear(path + "up_proj", size, hidden, bias));
    }
    leaves.add(Leaf.linear(path + "down_proj", hidden, size, bias));
  }

  /** Old checkpoints store the rope frequencies. */
  @Override
  public boolean ignores(String tensor) {
    return tensor.endsWith(".rotary_emb.inv_freq") || DecoderHeads.ignores(this, tensor);
  }

  /** The heads of decoders: {@code lm_head} or the same under another name, and {@code score}. */
  static final class DecoderHeads {
    private DecoderHeads() {}

    static List<Leaf> leaves(ModelConfig config) {
      int hidden = config.hiddenSize();
      return switch (config.task()) {
        case Task.CausalLm() ->
            config.tieWordEmbeddings()
                ? List.of()
                : List.of(Leaf.linear(config.outputModule(), config.vocabSize(), hidden, false));
        case Task.SequenceClassification head ->
            List.of(Leaf.linear(config.outputModule(), head.numLabels(), hidden, false));
      };
    }

    /** Tied checkpoints may repeat the output matrix, and a base for classification may have it. */
    static boolean ignores(ModelConfig config, String tensor) {
      String languageHead = config.names().languageHead();
      return tensor.equals(languageHead + ".weight")
          && (config.tieWordEmbeddings() || !config.outputModule().equals(languageHead));
    }
  }
}
