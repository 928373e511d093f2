package dev.graft.training;

import dev.graft.model.SavedModules;
import dev.graft.spec.Bottleneck;
import dev.graft.weights.ModelDirectory;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of bottleneck adapters, with the names of adapter-hub; PEFT has no class for them.
 * {@code modules_to_save} are whole paths, the beginnings of the names of their parameters.
 */
final class BottleneckConfig {
  private BottleneckConfig() {}

  static void put(Map<String, @Nullable Object> fields, Bottleneck method, ModelDirectory base) {
    fields.put("peft_type", "BOTTLENECK");
    fields.put("variant", Bottleneck.name(method.variant()));
    fields.put("reduction_factor", method.reductionFactor());
    fields.put("non_linearity", Bottleneck.name(method.nonLinearity()));
    fields.put("scaling", method.scaling());
    fields.put("init_weights", Bottleneck.name(method.initWeights()));
    fields.put("init_std", method.initStd() > 0 ? method.initStd() : null);
    fields.put(
        "modules_to_save",
        SavedModules.of(method.modulesToSave(), base).slots().stream()
            .map(each -> each.name().substring(0, each.name().lastIndexOf('.')))
            .distinct()
            .toList());
  }
}
