package dev.graft.spec;

import java.util.List;

/** How the base model is adapted; names and defaults are PEFT's. */
public sealed interface AdapterMethod
    permits Lora, Prompted, AdapterMethod.Targeted, AdapterMethod.Full, Bottleneck, Freeze {
  /** Something new in, or instead of, modules of the base. */
  sealed interface Targeted extends AdapterMethod permits AdaLora, Ia3, LnTuning, Vera {
    /** The modules that the method changes. */
    Targets targets();

    /** Modules that train whole beside them, by path or by a suffix after a dot. */
    List<String> modulesToSave();
  }

  /** Every parameter of the base trains. */
  record Full() implements AdapterMethod {}

  /** Which modules are meant, with PEFT's rules. */
  sealed interface TargetModules {
    /** {@code "all-linear"}: every linear layer except the output embedding. */
    record AllLinear() implements TargetModules {}

    /** Null: those that PEFT adapts by default in a model of this family. */
    record FamilyDefault() implements TargetModules {}

    /** A module matches by its whole path, or by a suffix after a dot. */
    record Names(List<String> names) implements TargetModules {
      public Names {
        names = List.copyOf(names);
      }
    }

    /** A module matches when the expression matches its whole path. */
    record Pattern(PythonPattern expression) implements TargetModules {}
  }
}
