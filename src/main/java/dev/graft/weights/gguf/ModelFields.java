package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DecoderConfig.LayerAttention;
import dev.graft.weights.ModelType;
import dev.graft.weights.Rope;
import dev.graft.weights.gguf.GgufField.Real;
import dev.graft.weights.gguf.GgufField.Text;
import dev.graft.weights.gguf.GgufField.Unsigned;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What config.json says in the keys of a file, as convert_hf_to_gguf.py writes them. */
final class ModelFields {
  private static final int QUANTIZATION_VERSION = 2;

  private final DecoderConfig config;
  private final String architecture;
  private final List<GgufField> fields = new ArrayList<>();

  private ModelFields(DecoderConfig config, String architecture) {
    this.config = config;
    this.architecture = architecture;
  }

  /**
   * @param fileType llama.cpp's {@code llama_ftype}
   * @throws BadModel if a setting has no key
   */
  static List<GgufField> of(
      DecoderConfig config, ModelType type, String architecture, String name, int fileType) {
    ModelFields all = new ModelFields(config, architecture);
    all.fields.add(new Text("general.architecture", architecture));
    all.fields.add(new Text("general.type", "model"));
    all.fields.add(new Text("general.name", name));
    all.fields.add(new Unsigned("general.file_type", fileType));
    all.fields.add(new Unsigned("general.quantization_version", QUANTIZATION_VERSION));
    all.sizes();
    all.rope(all.rope());
    all.family(type);
    return List.copyOf(all.fields);
  }

  private void sizes() {
    int width = config.attention().headDim();
    size("block_count", config.numHiddenLayers());
    size("context_length", config.maxPositionEmbeddings());
    size("embedding_length", config.hiddenSize());
    size("feed_forward_length", config.feedForward().size());
    size("vocab_size", config.vocabSize());
    size("attention.head_count", config.attention().heads());
    size("attention.head_count_kv", config.attention().keyValueHeads());
    size("attention.key_length", width);
    size("attention.value_length", width);
    real("attention.layer_norm_rms_epsilon", config.norms().eps());
  }

  /** Of layers that see everything, where there are such; llama.cpp knows Gemma's other one. */
  private Rope rope() {
    return config.layers().stream()
        .filter(layer -> layer.rope() != null)
        .min(Comparator.comparingInt(LayerAttention::window))
        .map(layer -> Objects.requireNonNull(layer.rope()))
        .orElseThrow(() -> new BadModel("config.json: no layer has rotary positions"));
  }

  private void rope(Rope rope) {
    size("rope.dimension_count", rope.rotaryDim());
    real("rope.freq_base", rope.theta());
    switch (rope) {
      case Rope.Default _, Rope.Llama3 _ -> {} // the factors of Llama 3's are a tensor
      case Rope.Linear linear -> scaling("linear", linear.factor());
      case Rope.Yarn yarn -> {
        scaling("yarn", yarn.factor());
        size("rope.scaling.original_context_length", yarn.originalMaxPositionEmbeddings());
      }
      case Rope.Dynamic _, Rope.LongRope _ ->
          throw new BadModel(
              "config.json: its rope_type has no counterpart in a GGUF file; supported: default,"
                  + " linear, yarn, llama3");
    }
  }

  private void scaling(String type, double factor) {
    fields.add(new Text(architecture + ".rope.scaling.type", type));
    real("rope.scaling.factor", factor);
  }

  /** By what rotations are slowed, for the tensor that holds it; null where there is none. */
  static float @Nullable [] ropeFactors(DecoderConfig config, String architecture) {
    if (!(new ModelFields(config, architecture).rope() instanceof Rope.Llama3 slowed)) return null;
    float[] plain = new Rope.Default(slowed.theta(), slowed.rotaryDim()).inverseFrequencies(1);
    float[] turned = slowed.inverseFrequencies(1);
    float factor = (float) slowed.factor();
    for (int i = 0; i < plain.length; i++) {
      float quotient = plain[i] / turned[i];
      plain[i] = Math.abs(quotient / factor - 1) < 1e-5f ? factor : quotient;
    }
    return plain;
  }

  private void family(ModelType type) {
    int window = config.layers().stream().mapToInt(LayerAttention::window).max().orElse(0);
    switch (type) {
      case MISTRAL -> {
        if (window > 0) size("attention.sliding_window", window);
      }
      case GEMMA2, GEMMA3 -> {
        size("attention.sliding_window", window);
        double attention = config.attention().softcap();
        double logits = config.multipliers().logitSoftcap();
        if (attention > 0) real("attn_logit_softcapping", attention);
        if (logits > 0) real("final_logit_softcapping", logits);
      }
      case GRANITE -> {
        real("attention.scale", config.attention().scale());
        real("embedding_scale", config.multipliers().embedding());
        real("residual_scale", config.multipliers().residual());
        real("logit_scale", 1 / config.multipliers().logitsScale());
      }
      default -> {}
    }
  }

  private void size(String key, int value) {
    fields.add(new Unsigned(architecture + "." + key, value));
  }

  private void real(String key, double value) {
    fields.add(new Real(architecture + "." + key, (float) value));
  }
}
