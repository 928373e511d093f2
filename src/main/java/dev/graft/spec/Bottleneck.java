package dev.graft.spec;

import static dev.graft.spec.Fields.or;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * Bottleneck adapters: {@code h + scaling * Up(f(Down(x)))}, where h is what a branch of a layer
 * adds to the residual. They cannot be merged into weights of the base, and PEFT lacks them.
 *
 * @param reductionFactor features of the base divided by those of the bottleneck, rounded down
 * @param initStd standard deviation of the initial weights; 0 with {@link InitWeights#MAM_ADAPTER}
 * @param modulesToSave modules that also train, as a whole, by path or by a suffix after a dot
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

  /** The {@code peft_type} of saved bottleneck adapters. */
  static final String SAVED_TYPE = "BOTTLENECK";

  private static final String STD = "init_std";
  private static final String INIT = "init_weights";

  /** Where the adapters are placed, with the settings of the papers. */
  public enum Variant implements WireName {
    /** After attention and after the feed-forward, x is h (Houlsby et al. 2019). */
    HOULSBY(16, NonLinearity.SWISH, 1, InitWeights.BERT),
    /** After the feed-forward, x is h (Pfeiffer et al. 2021). */
    PFEIFFER(16, NonLinearity.RELU, 1, InitWeights.BERT),
    /** Beside the feed-forward, x is its input (He et al. 2022). */
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
  public enum NonLinearity implements WireName {
    RELU,
    SWISH,
    GELU,
    TANH
  }

  /** The initial weights; biases start at 0. */
  public enum InitWeights implements WireName {
    /** N(0, init_std). */
    BERT(0.02),
    /** N(0, init_std), truncated at two standard deviations. */
    HOULSBY(0.01),
    /** Down uniform within 1/sqrt(in), Up at 0, so that the adapter starts without an effect. */
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

  /** Creates adapters with the settings of the variant's paper. */
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

  static Bottleneck read(Fields method) {
    Variant variant = method.choice("variant", Variant.PFEIFFER);
    Integer reduction = method.integer("reduction_factor", 1, 10_000);
    NonLinearity f = method.choice("non_linearity", NonLinearity.class);
    Double scaling = method.number("scaling", 1e-6, 1000, "typical values are 1 to 4");
    Double std = method.number(STD, 1e-8, 10);
    Bottleneck paper = new Bottleneck(variant);
    InitWeights init = method.choice(INIT, std == null ? paper.initWeights() : InitWeights.BERT);
    if (std != null && init == InitWeights.MAM_ADAPTER) {
      method.refuse(STD, "has no effect with init_weights mam_adapter");
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

  @Override
  public void write(ObjectNode method) {
    method
        .put("type", TYPE)
        .put("variant", variant.wireName())
        .put("reduction_factor", reductionFactor)
        .put("non_linearity", nonLinearity.wireName())
        .put("scaling", scaling)
        .put(INIT, initWeights.wireName());
    if (initStd > 0) method.put(STD, initStd);
    Targets.writeNames(method, "modules_to_save", modulesToSave);
  }
}
