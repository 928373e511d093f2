package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.List;

/** LayerNorm tuning (Zhao et al. 2023): copies of the base's norms train. */
public record LnTuning(Targets targets, List<String> modulesToSave)
    implements AdapterMethod.Targeted {
  public LnTuning {
    modulesToSave = List.copyOf(modulesToSave);
  }

  /** PEFT's defaults. */
  public LnTuning() {
    this(new Targets(new TargetModules.FamilyDefault()), List.of());
  }
}
