package dev.graft.weights.gguf;

import dev.graft.weights.Dtype;
import dev.graft.weights.ModelType;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Rope;
import tools.jackson.databind.node.ObjectNode;

/** Rotary positions of a file, in the fields of config.json. */
final class GgufRope {
  private static final String FACTORS = "rope_freqs.weight";
  private static final String ROPE_SCALING = "rope_scaling";

  /** Llama 3's, which no file tells: convert_hf_to_gguf.py keeps the factors they give alone. */
  private static final double LOW = 1;

  private static final double HIGH = 4;
  private static final int ORIGINAL = 8192;

  private final GgufFile gguf;
  private final GgufKeys keys;
  private final String prefix;
  private final ModelType type;
  private final ObjectNode config;

  GgufRope(GgufFile gguf, String architecture, ModelType type, ObjectNode config) {
    this.gguf = gguf;
    this.keys = gguf.keys();
    this.prefix = architecture + ".rope.";
    this.type = type;
    this.config = config;
  }

  void put() {
    int width = config.path("head_dim").intValue();
    String dimensions = prefix + "dimension_count";
    Integer turned = keys.integer(dimensions, 1, 1024);
    if (turned != null && turned != width) {
      throw keys.bad(
          dimensions, "%d of %d values of a head is not supported".formatted(turned, width));
    }
    Double said = keys.real(prefix + "freq_base", 1, 1e12);
    double usual = type == ModelType.GEMMA3 ? 1_000_000 : 10_000;
    double theta = said == null ? usual : GgufConfig.shortest(said);
    config.put("rope_theta", theta);
    if (gguf.find(FACTORS) != null) llama3(gguf.find(FACTORS), theta, width);
    else scaling();
  }

  private void scaling() {
    String key = prefix + "scaling.type";
    String name = keys.text(key);
    if (name == null || name.equals("none")) {
      if (keys.has(prefix + "scale_linear")) {
        throw keys.bad(prefix + "scale_linear", "is of an old form; convert the model again");
      }
      return;
    }
    if (keys.has(prefix + "scaling.attn_factor")) {
      throw keys.bad(prefix + "scaling.attn_factor", "is not supported");
    }
    ObjectNode scaling = config.putObject(ROPE_SCALING);
    double factor = GgufConfig.shortest(keys.requireReal(prefix + "scaling.factor", 0, 1e6));
    scaling.put("rope_type", name).put("factor", factor);
    switch (name) {
      case "linear" -> {}
      case "yarn" ->
          scaling.put(
              "original_max_position_embeddings",
              keys.requireInt(prefix + "scaling.original_context_length", 2, 1 << 28));
      default -> throw keys.bad(key, "is '%s'; supported: none, linear, yarn".formatted(name));
    }
  }

  /** The factor is the largest; with it every other must come out as the file has it. */
  private void llama3(GgufTensor tensor, double theta, int width) {
    if (tensor.dtype() != Dtype.F32
        || tensor.shape().length != 1
        || tensor.shape()[0] != width / 2) {
      throw keys.bad("tensor " + FACTORS, "is not F32 of half a head");
    }
    float[] factors =
        new NamedTensor(FACTORS, Dtype.F32, tensor.shape(), tensor.values()).toFloats();
    double factor = 1;
    for (float each : factors) factor = Math.max(factor, each);
    factor = GgufConfig.shortest(factor);
    float[] plain = new Rope.Default(theta, width).inverseFrequencies(1);
    float[] slowed =
        new Rope.Llama3(theta, width, factor, LOW, HIGH, ORIGINAL).inverseFrequencies(1);
    for (int i = 0; i < factors.length; i++) {
      if (!(Math.abs(plain[i] / slowed[i] / factors[i] - 1) < 1e-3)) {
        throw keys.bad("tensor " + FACTORS, "holds other factors than Llama 3's");
      }
    }
    if (factor == 1) return;
    config
        .putObject(ROPE_SCALING)
        .put("rope_type", "llama3")
        .put("factor", factor)
        .put("low_freq_factor", LOW)
        .put("high_freq_factor", HIGH)
        .put("original_max_position_embeddings", ORIGINAL);
  }
}
