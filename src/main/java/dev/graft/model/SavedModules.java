package dev.graft.model;

import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Task;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Modules that train as a whole beside what a method adds, and are saved under their own names:
 * PEFT's {@code modules_to_save}. They always include the head of a classification. A token table
 * that is also the output matrix counts as two modules: if one trains, the other stays unchanged.
 *
 * @param names ends of module paths; empty = none
 */
public record SavedModules(List<String> names, ModelDirectory base) implements Trainable {
  /** The names that PEFT adds for a classification, whether the model has them or not. */
  private static final List<String> OF_A_CLASSIFICATION = List.of("classifier", "score");

  public SavedModules {
    names = List.copyOf(names);
  }

  /**
   * @param wanted {@code modules_to_save} of the method
   */
  public static SavedModules of(List<String> wanted, ModelDirectory base) {
    ModelConfig config = base.config();
    Set<String> names = new LinkedHashSet<>(wanted);
    switch (config.task()) {
      case Task.CausalLm() -> {}
      case Task.SequenceClassification head -> {
        for (Parameter each : config.newHead()) {
          if (!each.name().startsWith(config.basePrefix())) names.add(part(each, config));
        }
        // A pooler that started at random is in no other checkpoint.
        for (Parameter each : NewHead.of(base)) names.add(part(each, config));
        names.addAll(OF_A_CLASSIFICATION);
      }
    }
    return new SavedModules(List.copyOf(names), base);
  }

  /** Returns {@code pooler} for {@code bert.pooler.dense.weight}. */
  private static String part(Parameter parameter, ModelConfig config) {
    String name = parameter.name();
    if (name.startsWith(config.basePrefix())) name = name.substring(config.basePrefix().length());
    return name.substring(0, name.indexOf('.'));
  }

  /** Returns the parameters of the base that train. */
  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (Parameter each : base.config().parameters()) {
      if (trains(each.name())) slots.add(Slot.of(each));
    }
    Parameter table = tied();
    if (table != null && trains(output())) slots.add(new Slot(output(), table.shape()));
    return slots;
  }

  @Override
  public Map<String, String> startsAs() {
    Parameter table = tied();
    return table != null && trains(output()) ? Map.of(output(), table.name()) : Map.of();
  }

  /** Returns the output matrix if the table trains without it. */
  @Override
  public List<NamedTensor> frozen(long seed) {
    Parameter table = tied();
    if (table == null || !trains(table.name()) || trains(output())) return List.of();
    return base.weights().stored(table) instanceof MappedTensor plain
        ? List.of(plain.named().renamed(output()))
        : List.of();
  }

  @Override
  public long frozenBytes() {
    Parameter table = tied();
    if (table == null || !trains(table.name()) || trains(output())) return 0;
    return Float.BYTES * new Slot(output(), table.shape()).size();
  }

  @Override
  public String output(String ofBase) {
    return splits() && ofBase.equals(base.config().inputEmbedding()) ? output() : ofBase;
  }

  @Override
  public @Nullable String unmergeable() {
    return splits()
        ? "modules_to_save: %s and %s are one matrix in the base but would be two in the result"
            .formatted(base.config().inputEmbedding(), output())
        : null;
  }

  private boolean splits() {
    Parameter table = tied();
    return table != null && (trains(table.name()) || trains(output()));
  }

  private String output() {
    return base.config().outputModule() + ".weight";
  }

  /** Returns the token table if it is also the output matrix. */
  private @Nullable Parameter tied() {
    ModelConfig config = base.config();
    return config.sharesTable() ? config.parameter(config.inputEmbedding()) : null;
  }

  /**
   * Returns whether a parameter trains. PEFT compares the end of a path as text: {@code classifier}
   * also matches {@code pre_classifier}.
   */
  boolean trains(String parameter) {
    for (int dot = parameter.lastIndexOf('.'); dot > 0; dot = parameter.lastIndexOf('.', dot - 1)) {
      if (names.stream().anyMatch(parameter.substring(0, dot)::endsWith)) return true;
    }
    return false;
  }

  /** Returns whether a linear layer gets no path because it trains as a whole. */
  public boolean covers(String module) {
    return trains(module + ".weight");
  }
}
