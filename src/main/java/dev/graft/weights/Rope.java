package dev.graft.weights;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding (Su et al. 2021) in f32 as {@code transformers} computes it. A scaling
 * that depends on the length depends on the largest position of the padded batch, as in the
 * reference, but not on longer batches before it.
 */
public sealed interface Rope {
  double theta();

  /** Returns the number of rotated values at the beginning of a head; even. */
  int rotaryDim();

  /**
   * Returns the angle per position of each rotated pair (i, i + rotaryDim / 2): rotaryDim / 2
   * values.
   *
   * @param positions largest position + 1: the padded width
   */
  float[] inverseFrequencies(int positions);

  /** Returns the factor of every cosine and sine. */
  default float attentionFactor(int positions) {
    return 1;
  }

  /** Whether the results depend on the number of positions. */
  default boolean dependsOnPositions() {
    return false;
  }

  /** Returns {@code theta^(2i / rotaryDim)}. */
  private static float[] wavelengths(double theta, int rotaryDim) {
    float[] wavelengths = new float[rotaryDim / 2];
    for (int i = 0; i < wavelengths.length; i++) {
      wavelengths[i] = (float) Math.pow(theta, (float) (2 * i) / rotaryDim);
    }
    return wavelengths;
  }

  /** {@code rope_type} default. */
  record Default(double theta, int rotaryDim) implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      float[] frequencies = wavelengths(theta, rotaryDim);
      for (int i = 0; i < frequencies.length; i++) frequencies[i] = 1f / frequencies[i];
      return frequencies;
    }
  }

  /** {@code rope_type} linear: all frequencies divided by {@code factor} (Chen et al. 2023). */
  record Linear(double theta, int rotaryDim, double factor) implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      float[] frequencies = new Default(theta, rotaryDim).inverseFrequencies(positions);
      for (int i = 0; i < frequencies.length; i++) frequencies[i] /= (float) factor;
      return frequencies;
    }
  }

  /** {@code rope_type} dynamic: theta grows with lengths beyond the original context. */
  record Dynamic(double theta, int rotaryDim, double factor, int maxPositionEmbeddings)
      implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      if (positions <= maxPositionEmbeddings) {
        return new Default(theta, rotaryDim).inverseFrequencies(positions);
      }
      float ratio = (float) factor * positions / maxPositionEmbeddings;
      float stretch = (float) Math.pow(ratio - (float) (factor - 1), rotaryDim / (rotaryDim - 2.0));
      return new Default((float) theta * stretch, rotaryDim).inverseFrequencies(positions);
    }

    @Override
    public boolean dependsOnPositions() {
      return true;
    }
  }

  /**
   * {@code rope_type} llama3: low frequencies are divided by {@code factor}, high ones kept, and
   * those between interpolated.
   */
  record Llama3(
      double theta,
      int rotaryDim,
      double factor,
      double lowFreqFactor,
      double highFreqFactor,
      int originalMaxPositionEmbeddings)
      implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      float[] frequencies = new Default(theta, rotaryDim).inverseFrequencies(positions);
      float longest = (float) (originalMaxPositionEmbeddings / lowFreqFactor);
      float shortest = (float) (originalMaxPositionEmbeddings / highFreqFactor);
      for (int i = 0; i < frequencies.length; i++) {
        float kept = frequencies[i];
        float wave = (float) (2 * Math.PI) / kept;
        if (wave > longest) {
          frequencies[i] = kept / (float) factor;
        } else if (wave >= shortest) {
          float smooth =
              (originalMaxPositionEmbeddings / wave - (float) lowFreqFactor)
                  / (float) (highFreqFactor - lowFreqFactor);
          frequencies[i] = (1 - smooth) * kept / (float) factor + smooth * kept;
        }
      }
      return frequencies;
    }
  }

  /**
   * {@code rope_type} yarn (Peng et al. 2023): a linear ramp between two borders from unchanged to
   * divided frequencies.
   *
   * @param betaFast rotations within the original context above which a frequency is kept
   * @param betaSlow rotations below which it is divided
   * @param truncate whether the borders are rounded outwards to whole pairs
   * @param attentionFactor factor of every cosine and sine
   */
  record Yarn(
      double theta,
      int rotaryDim,
      double factor,
      double betaFast,
      double betaSlow,
      boolean truncate,
      int originalMaxPositionEmbeddings,
      double attentionFactor)
      implements Rope {
    @Override
    public float[] inverseFrequencies(int positions) {
      double low = border(betaFast);
      double high = border(betaSlow);
      if (truncate) {
        low = Math.floor(low);
        high = Math.ceil(high);
      }
      low = Math.max(low, 0);
      high = Math.min(high, rotaryDim - 1);
      if (low == high) high += 0.001;
      float[] frequencies = wavelengths(theta, rotaryDim);
      for (int i = 0; i < frequencies.length; i++) {
        float slowed = 1f / ((float) factor * frequencies[i]);
        float kept = 1f / frequencies[i];
        float ramp = Math.clamp((i - (float) low) / (float) (high - low), 0f, 1f);
        float keep = 1f - ramp;
        frequencies[i] = slowed * (1f - keep) + kept * keep;
      }
      return frequencies;
    }

    /** Returns the fractional pair with this number of rotations within the original context. */
    private double border(double turns) {
      double ratio = originalMaxPositionEmbeddings / (turns * 2 * Math.PI);
      return rotaryDim * Math.log(ratio) / (2 * Math.log(theta));
    }

    @Override
    public float attentionFactor(int positions) {
      return (float) attentionFactor;
    }
  }

  /**
   * {@code rope_type} longrope (Ding et al. 2024): a factor for each pair, from one list for
   * batches within the original context and another for longer ones.
   *
   * @param attentionFactor factor of every cosine and sine at any length
   */
  record LongRope(
      double theta,
      int rotaryDim,
      List<Double> shortFactor,
      List<Double> longFactor,
      int originalMaxPositionEmbeddings,
      double attentionFactor)
      implements Rope {
    public LongRope {
      shortFactor = List.copyOf(shortFactor);
      longFactor = List.copyOf(longFactor);
    }

    @Override
    public float[] inverseFrequencies(int positions) {
      List<Double> factors = positions > originalMaxPositionEmbeddings ? longFactor : shortFactor;
      float[] frequencies = wavelengths(theta, rotaryDim);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = 1f / (factors.get(i).floatValue() * frequencies[i]);
      }
      return frequencies;
    }

    @Override
    public float attentionFactor(int positions) {
      return (float) attentionFactor;
    }

    @Override
    public boolean dependsOnPositions() {
      return true;
    }
  }

  /**
   * Reads rotary positions in the spellings of transformers 4 ({@code rope_theta}, {@code
   * rope_scaling}) and 5 ({@code rope_parameters}).
   */
  static final class RopeReader {
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
        throw config.bad(FIVE, "and " + FOUR + " are both present");
      }
    }

    /** Reads the rotation of a family with the same one in all layers. */
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

    /** Reads Gemma 3's rotation of layers with full attention. */
    public Rope global() {
      JsonFields five = config.object(FIVE);
      if (five != null && (five.has("rope_type") || five.has("type"))) {
        throw five.bad("rope_type", "must be inside full_attention or sliding_attention");
      }
      JsonFields own = five != null ? five.object("full_attention") : config.object(FOUR);
      return rope(own, theta(own, 1_000_000, "rope_theta"));
    }

    /** Reads Gemma 3's rotation of layers with a window. */
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
      JsonFields source = scaling != null && scaling.has(PARTIAL) ? scaling : config;
      if (source.has(PARTIAL)) part = source.requireDouble(PARTIAL, 0, 1);
      boolean built = type == ModelType.PHI3 || type == ModelType.GPT_NEOX;
      if (part != 1 && !built) {
        throw source.bad(PARTIAL, "below 1 is not supported for " + type.text());
      }
      int dim = (int) (headDim * part);
      if (dim < 2 || dim % 2 != 0) {
        throw config.bad(
            config.has("head_dim") ? "head_dim" : "hidden_size",
            "results in %d of %d rotated values per head; rotary positions need pairs"
                .formatted(dim, headDim));
      }
      return dim;
    }

    private Rope rope(@Nullable JsonFields scaling, double theta) {
      int dim = rotaryDim(scaling);
      if (scaling == null) return new Default(theta, dim);
      String field = scaling.has("rope_type") || !scaling.has("type") ? "rope_type" : "type";
      String name = scaling.textOr(field, "default");
      if (type == ModelType.PHI3 && (name.equals("su") || name.equals("yarn"))) name = "longrope";
      if (type == ModelType.PHI3 && !name.equals("default") && !name.equals("longrope")) {
        throw scaling.bad(field, "is '" + name + "'; supported for phi3: default, longrope");
      }
      return switch (name) {
        case "default" -> new Default(theta, dim);
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

    /** Returns the original context; the model's own field overrides that of the scaling. */
    private int original(JsonFields scaling) {
      if (config.has(ORIGINAL)) return config.requireInt(ORIGINAL, 2, 1 << 28);
      if (type == ModelType.PHI3) return 4096;
      return scaling.intOr(ORIGINAL, maxPositions, 2, 1 << 28);
    }
  }

  /**
   * The fields of a scaled rotation.
   *
   * @param maxPositions context of the model
   * @param original context before scaling
   */
  record RopeScaling(JsonFields fields, double theta, int dim, int maxPositions, int original) {
    Rope linear() {
      return new Linear(theta, dim, factor());
    }

    Rope dynamic() {
      if (dim == 2) throw fields.bad("rope_type", "dynamic needs more than one pair");
      return new Dynamic(theta, dim, factor(), maxPositions);
    }

    Rope llama3() {
      double low = fields.requireDouble("low_freq_factor", 0, 1e6);
      double high = fields.requireDouble("high_freq_factor", low, 1e6);
      return new Llama3(theta, dim, factor(), low, high, original);
    }

    Rope yarn() {
      double factor = factor();
      double attention = magnitude(factor, 1);
      if (fields.has("mscale") && fields.has("mscale_all_dim")) {
        attention =
            magnitude(factor, fields.requireDouble("mscale", 0, 1e6))
                / magnitude(factor, fields.requireDouble("mscale_all_dim", 0, 1e6));
      }
      return new Yarn(
          theta,
          dim,
          factor,
          fields.doubleOr("beta_fast", 32, 0, 1e6),
          fields.doubleOr("beta_slow", 1, 0, 1e6),
          fields.booleanOr("truncate", true),
          original,
          fields.doubleOr("attention_factor", attention, 0, 1e6));
    }

    private static double magnitude(double factor, double mscale) {
      return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    Rope longRope() {
      for (String field : List.of("short_mscale", "long_mscale")) {
        if (fields.has(field)) throw fields.bad(field, "is not supported");
      }
      if (original < 2) throw fields.bad("rope_type", "longrope needs a context above 1");
      double factor = fields.doubleOr("factor", (double) maxPositions / original, 0, 1e6);
      double attention = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
      return new LongRope(
          theta,
          dim,
          factors("short_factor"),
          factors("long_factor"),
          original,
          fields.doubleOr("attention_factor", attention, 0, 1e6));
    }

    private List<Double> factors(String field) {
      List<Double> factors = fields.doubles(field, 0, 1e6);
      if (factors.size() != dim / 2) {
        throw fields.bad(field, "has " + factors.size() + " entries for " + dim / 2 + " pairs");
      }
      return factors;
    }

    private double factor() {
      return fields.requireDouble("factor", 0, 1e6);
    }
  }
}
