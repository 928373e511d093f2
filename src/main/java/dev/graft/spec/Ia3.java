package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * (IA)^3 (Liu et al. 2022): a factor for each output feature of a linear layer or, in feed-forward
 * modules, for each input feature.
 *
 * @param feedforwardModules modules whose input is multiplied, by suffixes of their paths, which
 *     need not follow a dot
 * @param initIa3Weights whether factors start at 1; otherwise as N(0, 1)
 */
public record Ia3(
    Targets targets,
    TargetModules feedforwardModules,
    boolean initIa3Weights,
    List<String> modulesToSave)
    implements AdapterMethod.Targeted {
  static final String TYPE = "IA3";

  private static final String FEEDFORWARD = "feedforward_modules";

  public Ia3 {
    modulesToSave = List.copyOf(modulesToSave);
    if (feedforwardModules instanceof TargetModules.Names(List<String> inner)
        && targets.targetModules() instanceof TargetModules.Names(List<String> outer)
        && !outer.containsAll(inner)) {
      throw new IllegalArgumentException("feedforward_modules must be among target_modules");
    }
  }

  /** PEFT's defaults. */
  public Ia3() {
    this(
        new Targets(new TargetModules.FamilyDefault()),
        new TargetModules.FamilyDefault(),
        true,
        List.of());
  }

  static Ia3 read(Fields peft) {
    Targets targets = Targets.read(peft, null, new TargetModules.FamilyDefault(), false);
    TargetModules feedforward = feedforward(peft);
    boolean init = peft.bool("init_ia3_weights", true);
    List<String> whole = peft.texts("modules_to_save");
    peft.known("fan_in_fan_out"); // follows from the base
    try {
      return new Ia3(targets, feedforward, init, whole);
    } catch (IllegalArgumentException e) {
      peft.refuse(FEEDFORWARD, "must be among target_modules, as in PEFT");
      return new Ia3();
    }
  }

  /** Returns no modules for an empty list, and those of the family for null. */
  private static TargetModules feedforward(Fields peft) {
    if (peft.isEmpty(FEEDFORWARD)) return new TargetModules.Names(List.of());
    TargetModules modules = Targets.modules(peft, FEEDFORWARD);
    if (modules instanceof TargetModules.AllLinear) {
      peft.refuse(FEEDFORWARD, "must be module names or a regular expression");
    }
    return modules == null ? new TargetModules.FamilyDefault() : modules;
  }

  @Override
  public void write(ObjectNode peft) {
    peft.put("peft_type", TYPE).put("init_ia3_weights", initIa3Weights);
    targets.write(peft);
    Targets.write(peft, FEEDFORWARD, feedforwardModules);
    Targets.writeNames(peft, "modules_to_save", modulesToSave);
  }
}
