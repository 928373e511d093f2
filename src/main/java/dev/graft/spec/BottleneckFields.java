package dev.graft.spec;

import static dev.graft.spec.Fields.or;

import dev.graft.spec.Bottleneck.InitWeights;
import dev.graft.spec.Bottleneck.NonLinearity;
import dev.graft.spec.Bottleneck.Variant;
import tools.jackson.databind.node.ObjectNode;

/** {@code {"type": "bottleneck"}}, in and out. */
final class BottleneckFields {
  public static final String TYPE = "bottleneck";

  /** What a saved one has as {@code peft_type}. */
  static final String SAVED_TYPE = "BOTTLENECK";

  private static final String STD = "init_std";
  private static final String INIT = "init_weights";

  private BottleneckFields() {}

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
    TargetFields.writeWhole(method, adapters.modulesToSave());
  }
}
