package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.List;

/**
 * (IA)^3 (Liu et al. 2022): a factor for each feature that a linear layer gives, or, in
 * feed-forward modules, for each that it takes.
 *
 * @param feedforwardModules those whose input is multiplied; ends of paths, here without a dot
 * @param initIa3Weights factors start at 1, else as N(0, 1)
 */
public record Ia3(
    Targets targets,
    TargetModules feedforwardModules,
    boolean initIa3Weights,
    List<String> modulesToSave)
    implements AdapterMethod.Targeted {
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
}
