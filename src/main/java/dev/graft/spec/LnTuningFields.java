package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import tools.jackson.databind.node.ObjectNode;

/** PEFT's {@code LNTuningConfig}, in and out. */
final class LnTuningFields {
  static final String TYPE = "LN_TUNING";

  private LnTuningFields() {}

  static LnTuning read(Fields peft) {
    Targets targets = TargetFields.read(peft, null, new TargetModules.FamilyDefault(), false);
    if (targets.targetModules() instanceof TargetModules.AllLinear) {
      peft.refuse("target_modules", "must name norms; all-linear has none");
    }
    return new LnTuning(targets, peft.texts("modules_to_save"));
  }

  static void write(ObjectNode peft, LnTuning method) {
    peft.put("peft_type", TYPE);
    TargetFields.write(peft, method.targets());
    TargetFields.writeWhole(peft, method.modulesToSave());
  }
}
