package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** LayerNorm tuning (Zhao et al. 2023), which trains copies of the base's normalisation layers. */
public record LnTuning(Targets targets, List<String> modulesToSave)
    implements AdapterMethod.Targeted {
  static final String TYPE = "LN_TUNING";

  public LnTuning {
    modulesToSave = List.copyOf(modulesToSave);
  }

  /** PEFT's defaults. */
  public LnTuning() {
    this(new Targets(new TargetModules.FamilyDefault()), List.of());
  }

  static LnTuning read(Fields peft) {
    Targets targets = Targets.read(peft, null, new TargetModules.FamilyDefault(), false);
    if (targets.targetModules() instanceof TargetModules.AllLinear) {
      peft.refuse("target_modules", "must name normalisation layers; all-linear selects none");
    }
    return new LnTuning(targets, peft.texts("modules_to_save"));
  }

  @Override
  public void write(ObjectNode peft) {
    peft.put("peft_type", TYPE);
    targets.write(peft);
    Targets.writeNames(peft, "modules_to_save", modulesToSave);
  }
}
