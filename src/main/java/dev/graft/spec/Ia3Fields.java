package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** PEFT's {@code IA3Config}, in and out. */
final class Ia3Fields {
  static final String TYPE = "IA3";

  private static final String FEEDFORWARD = "feedforward_modules";

  private Ia3Fields() {}

  static Ia3 read(Fields peft) {
    Targets targets = TargetFields.read(peft, null, new TargetModules.FamilyDefault(), false);
    TargetModules feedforward = feedforward(peft);
    Boolean init = peft.bool("init_ia3_weights");
    List<String> whole = peft.texts("modules_to_save");
    peft.known("fan_in_fan_out"); // follows from the base, whatever is said
    try {
      return new Ia3(targets, feedforward, init == null || init, whole);
    } catch (IllegalArgumentException e) {
      peft.refuse(FEEDFORWARD, "must be among target_modules, as in PEFT");
      return new Ia3();
    }
  }

  /** An empty list is none; null are those of the family. */
  private static TargetModules feedforward(Fields peft) {
    if (peft.isEmpty(FEEDFORWARD)) return new TargetModules.Names(List.of());
    TargetModules modules = TargetFields.modules(peft, FEEDFORWARD);
    if (modules instanceof TargetModules.AllLinear) {
      peft.refuse(FEEDFORWARD, "must be module names or a regular expression");
    }
    return modules == null ? new TargetModules.FamilyDefault() : modules;
  }

  static void write(ObjectNode peft, Ia3 method) {
    peft.put("peft_type", TYPE).put("init_ia3_weights", method.initIa3Weights());
    TargetFields.write(peft, method.targets());
    TargetFields.write(peft, FEEDFORWARD, method.feedforwardModules());
    TargetFields.writeWhole(peft, method.modulesToSave());
  }
}
