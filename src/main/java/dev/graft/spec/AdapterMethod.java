package dev.graft.spec;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** How a base model is adapted; names and defaults are PEFT's. */
public sealed interface AdapterMethod
    permits Lora, Prompted, AdapterMethod.Targeted, AdapterMethod.Full, Bottleneck, Freeze {
  /** Writes the settings into an {@code adapter.peft} or {@code adapter.method} object. */
  void write(ObjectNode json);

  /** A method that adds to modules of the base, or replaces them. */
  sealed interface Targeted extends AdapterMethod permits AdaLora, Ia3, LnTuning, Vera {
    Targets targets();

    /** Returns the modules that also train, as a whole, by path or by a suffix after a dot. */
    List<String> modulesToSave();
  }

  /** Every parameter of the base trains. */
  record Full() implements AdapterMethod {
    @Override
    public void write(ObjectNode json) {
      json.put("type", "full");
    }
  }

  /** A selection of modules, by PEFT's rules. */
  sealed interface TargetModules {
    /** {@code "all-linear"}: every linear layer except the output embedding. */
    record AllLinear() implements TargetModules {}

    /** Null: the modules that PEFT adapts by default in a model of this family. */
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
