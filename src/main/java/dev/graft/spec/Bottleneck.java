package dev.graft.spec;

import static dev.graft.spec.Fields.or;

import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/**
 * Bottleneck adapters: {@code h + scaling * Up(f(Down(x)))}, where h is what a branch of a layer
 * gives to the residual. They are no weights of the base and no method of PEFT.
 *
 * @param reductionFactor features of the base over those of the bottleneck, rounded down
 * @param initStd deviation of the weights at the start; 0 with {@link InitWeights#MAM_ADAPTER}
 * @param modulesToSave modules that train whole beside them, by path or by a suffix after a dot
 */
public record Bottleneck(
    Variant variant,
    int reductionFactor,
    NonLinearity nonLinearity,
    double scaling,
    InitWeights initWeights,
    double initStd,
    List<String> modulesToSave)
    implements AdapterMethod {
  static final String TYPE = "bottleneck";

  /** What a saved one has as {@code peft_type}. */
  static final String SAVED_TYPE = "BOTTLENECK";

  private static final String STD = "init_std";
  private static final String INIT = "init_weights";

  /** Where adapters stand, with the settings of the papers. */
  public enum Variant {
    /** After attention and after the feed-forward, x is h (Houlsby et al. 2019). */
    HOULSBY(16, NonLinearity.SWISH, 1, InitWeights.BERT),
    /** After the feed-forward, x is h (Pfeiffer et al. 2021). */
    PFEIFFER(16, NonLinearity.RELU, 1, InitWeights.BERT),
    /** Beside the feed-forward, x is what it takes (He et al. 2022). */
    PARALLEL(2, NonLinearity.RELU, 4, InitWeights.MAM_ADAPTER);

    private final int reductionFactor;
    private final NonLinearity nonLinearity;
    private final double scaling;
    private final InitWeights initWeights;

    Variant(
        int reductionFactor, NonLinearity nonLinearity, double scaling, InitWeights initWeights) {
      this.reductionFactor = reductionFactor;
      this.nonLinearity = nonLinearity;
      this.scaling = scaling;
      this.initWeights = initWeights;
    }
  }

  /** f, by the names of adapter-hub. */
  public enum NonLinearity {
    RELU,
    SWISH,
    GELU,
    TANH
  }

  /** How weights start; biases start at 0. */
  public enum InitWeights {
    /** N(0, init_std). */
    BERT(0.02),
    /** N(0, init_std), drawn again beyond two deviations. */
    HOULSBY(0.01),
    /** Down uniform within 1/sqrt(in), Up at 0: without effect. */
    MAM_ADAPTER(0);

    private final double initStd;

    InitWeights(double initStd) {
      this.initStd = initStd;
    }

    public double initStd() {
      return initStd;
    }
  }

  public Bottleneck {
    modulesToSave = List.copyOf(modulesToSave);
    if (reductionFactor < 1) throw new IllegalArgumentException("reduction_factor must be >= 1");
    if (!(scaling > 0)) throw new IllegalArgumentException("scaling must be > 0");
    if (initWeights == InitWeights.MAM_ADAPTER ? initStd != 0 : !(initStd > 0)) {
      throw new IllegalArgumentException("init_std must be > 0, and 0 with mam_adapter");
    }
  }

  /** As in the paper of the variant. */
  public Bottleneck(Variant variant) {
    this(
        variant,
        variant.reductionFactor,
        variant.nonLinearity,
        variant.scaling,
        variant.initWeights,
        variant.initWeights.initStd,
        List.of());
  }

  /** A constant as settings name it. */
  public static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  static Bottleneck read(Fields method) {
    Variant variant = or(method.choice("variant", Variant.class), Variant.PFEIFFER);
    Integer reduction = method.integer("reduction_factor", 1, 10_000);
    NonLinearity f = method.choice("non_linearity", NonLinearity.class);
    Double scaling = method.number("scaling", 1e-6, 1000, "usual are 1 to 4");
    Double std = method.number(STD, 1e-8, 10);
    Bottleneck paper = new Bottleneck(variant);
    InitWeights byDefault = std == null ? paper.initWeights() : InitWeights.BERT;
    InitWeights init = or(method.choice(INIT, InitWeights.class), byDefault);
    if (std != null && init == InitWeights.MAM_ADAPTER) {
      method.refuse(STD, "means nothing with " + INIT + " mam_adapter: the start has no deviation");
      std = null;
    }
    return new Bottleneck(
        variant,
        or(reduction, paper.reductionFactor()),
        or(f, paper.nonLinearity()),
        or(scaling, paper.scaling()),
        init,
        or(std, init.initStd()),
        method.texts("modules_to_save"));
  }

  static void write(ObjectNode method, Bottleneck adapters) {
    method
        .put("type", TYPE)
        .put("variant", Bottleneck.name(adapters.variant()))
        .put("reduction_factor", adapters.reductionFactor())
        .put("non_linearity", Bottleneck.name(adapters.nonLinearity()))
        .put("scaling", adapters.scaling())
        .put(INIT, Bottleneck.name(adapters.initWeights()));
    if (adapters.initStd() > 0) method.put(STD, adapters.initStd());
    Targets.writeWhole(method, adapters.modulesToSave());
  }
}
