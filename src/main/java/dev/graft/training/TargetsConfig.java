package dev.graft.training;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Targets;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The fields of PEFT's configurations that say which modules are meant. */
final class TargetsConfig {
  private TargetsConfig() {}

  static void put(Map<String, @Nullable Object> fields, Targets targets, ModelConfig base) {
    fields.put("target_modules", targeted(targets.targetModules(), base));
    fields.put("exclude_modules", excluded(targets.excludeModules()));
  }

  static void putLayers(Map<String, @Nullable Object> fields, Targets targets) {
    fields.put("layers_to_transform", orNull(targets.layersToTransform()));
    fields.put("layers_pattern", orNull(targets.layersPattern()));
  }

  static Object targeted(TargetModules targets, ModelConfig base) {
    return switch (targets) {
      case TargetModules.Pattern(var expression) -> expression.text();
      case TargetModules.AllLinear _, TargetModules.FamilyDefault _, TargetModules.Names _ ->
          LinearTargets.saved(targets, base);
    };
  }

  static @Nullable Object excluded(TargetModules targets) {
    return switch (targets) {
      case TargetModules.Pattern(var expression) -> expression.text();
      case TargetModules.Names(List<String> names) -> orNull(names.stream().sorted().toList());
      case TargetModules.AllLinear _, TargetModules.FamilyDefault _ -> null;
    };
  }

  static @Nullable Object orNull(List<?> list) {
    return list.isEmpty() ? null : list;
  }
}
