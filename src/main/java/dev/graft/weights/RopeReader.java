package dev.graft.weights;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rotary positions in the spellings of transformers 4 ({@code rope_theta}, {@code rope_scaling})
 * and 5 ({@code rope_parameters}).
 */
final class RopeReader {
  private static final String FIVE = "rope_parameters";
  private static final String FOUR = "rope_scaling";
  private static final String PARTIAL = "partial_rotary_factor";
  private static final String ORIGINAL = "original_max_position_embeddings";

  private final ModelType type;
  private final JsonFields config;
  private final int headDim;
  private final int maxPositions;

  public RopeReader(ModelType type, JsonFields config, int headDim, int maxPositions) {
    this.type = type;
    this.config = config;
    this.headDim = headDim;
    this.maxPositions = maxPositions;
    if (config.object(FIVE) != null && config.object(FOUR) != null) {
      throw config.bad(FIVE, "and " + FOUR + " are both given");
    }
  }

  /** The rotation of a family whose layers all turn alike. */
  public Rope single() {
    JsonFields five = config.object(FIVE);
    for (String layers : List.of("full_attention", "sliding_attention")) {
      if (five != null && five.has(layers)) {
        throw five.bad(layers, "is not supported for " + type.text());
      }
    }
    JsonFields scaling = five != null ? five : config.object(FOUR);
    double theta = type == ModelType.SMOLLM3 ? 2_000_000 : 10_000;
    return rope(scaling, theta(scaling, theta, "rope_theta"));
  }

  /** Gemma 3: the rotation of layers that see everything. */
  public Rope global() {
    JsonFields five = config.object(FIVE);
    if (five != null && (five.has("rope_type") || five.has("type"))) {
      throw five.bad("rope_type", "must stand in full_attention or sliding_attention");
    }
    JsonFields own = five != null ? five.object("full_attention") : config.object(FOUR);
    return rope(own, theta(own, 1_000_000, "rope_theta"));
  }

  /** Gemma 3: the rotation of layers with a window. */
  public Rope local() {
    JsonFields five = config.object(FIVE);
    JsonFields own = five != null ? five.object("sliding_attention") : null;
    return rope(own, theta(own, 10_000, "rope_local_base_freq"));
  }

  private double theta(@Nullable JsonFields scaling, double otherwise, String field) {
    if (scaling != null && scaling.has("rope_theta")) {
      return scaling.requireDouble("rope_theta", 1, 1e12);
    }
    double base = config.doubleOr(field, otherwise, 1, 1e12);
    return type == ModelType.GPT_NEOX ? config.doubleOr("rotary_emb_base", base, 1, 1e12) : base;
  }

  private int rotaryDim(@Nullable JsonFields scaling) {
    double part = type == ModelType.GPT_NEOX ? config.doubleOr("rotary_pct", 0.25, 0, 1) : 1;
    JsonFields said = config;
    if (scaling != null && scaling.has(PARTIAL)) said = scaling;
    if (said.has(PARTIAL)) part = said.requireDouble(PARTIAL, 0, 1);
    boolean built = type == ModelType.PHI3 || type == ModelType.GPT_NEOX;
    if (part != 1 && !built) {
      throw said.bad(PARTIAL, "below 1 is not supported for " + type.text());
    }
    int dim = (int) (headDim * part);
    if (dim < 2 || dim % 2 != 0) {
      throw config.bad(
          config.has("head_dim") ? "head_dim" : "hidden_size",
          "gives %d of %d values of a head to rotate; rotary positions need pairs"
              .formatted(dim, headDim));
    }
    return dim;
  }

  private Rope rope(@Nullable JsonFields scaling, double theta) {
    int dim = rotaryDim(scaling);
    if (scaling == null) return new Rope.Default(theta, dim);
    String field = scaling.has("rope_type") || !scaling.has("type") ? "rope_type" : "type";
    String name = scaling.textOr(field, "default");
    if (type == ModelType.PHI3 && (name.equals("su") || name.equals("yarn"))) name = "longrope";
    if (type == ModelType.PHI3 && !name.equals("default") && !name.equals("longrope")) {
      throw scaling.bad(field, "is '" + name + "'; supported for phi3: default, longrope");
    }
    return switch (name) {
      case "default" -> new Rope.Default(theta, dim);
      case "linear" -> scaled(scaling, theta, dim).linear();
      case "dynamic" -> scaled(scaling, theta, dim).dynamic();
      case "llama3" -> scaled(scaling, theta, dim).llama3();
      case "yarn" -> scaled(scaling, theta, dim).yarn();
      case "longrope" -> scaled(scaling, theta, dim).longRope();
      default ->
          throw scaling.bad(
              field,
              "is "
                  + scaling.shown(field)
                  + "; supported: default, linear, dynamic, llama3, yarn, longrope");
    };
  }

  private RopeScaling scaled(JsonFields scaling, double theta, int dim) {
    return new RopeScaling(scaling, theta, dim, maxPositions, original(scaling));
  }

  /** Beside the rope's own fields it wins over them; without any, the whole context counts. */
  private int original(JsonFields scaling) {
    if (config.has(ORIGINAL)) return config.requireInt(ORIGINAL, 2, 1 << 28);
    if (type == ModelType.PHI3) return 4096;
    return scaling.intOr(ORIGINAL, maxPositions, 2, 1 << 28);
  }
}
