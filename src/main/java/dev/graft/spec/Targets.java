package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The modules of the base that a method changes.
 *
 * @param excludeModules modules to leave out of {@code target_modules}
 * @param layersToTransform indices of layers; empty = all
 * @param layersPattern names of the list of layers, such as {@code layers}; empty = any
 */
public record Targets(
    TargetModules targetModules,
    TargetModules excludeModules,
    List<Integer> layersToTransform,
    List<String> layersPattern) {
  private static final String TARGETS = "target_modules";
  private static final String EXCLUDED = "exclude_modules";
  private static final String LAYERS = "layers_to_transform";
  private static final String PATTERN = "layers_pattern";
  private static final int MOST_NAMES = 10_000;

  /** An empty {@code exclude_modules}. */
  public static final TargetModules NONE = new TargetModules.Names(List.of());

  public Targets {
    layersToTransform = List.copyOf(layersToTransform);
    layersPattern = List.copyOf(layersPattern);
  }

  /** Selects modules in all layers, without exceptions. */
  public Targets(TargetModules targetModules) {
    this(targetModules, NONE, List.of(), List.of());
  }

  /** Applies the same restrictions to other modules. */
  public Targets of(TargetModules other) {
    return new Targets(other, excludeModules, layersToTransform, layersPattern);
  }

  /**
   * @param byDefault for a missing {@code target_modules}; a null selects the family's default
   */
  static Targets read(
      Fields peft, @Nullable TargetModules alias, TargetModules byDefault, boolean withLayers) {
    TargetModules explicit = modules(peft, TARGETS);
    if (explicit == null && peft.isNull(TARGETS)) explicit = new TargetModules.FamilyDefault();
    TargetModules targets =
        AdapterMethods.agree(peft, TARGETS, explicit, alias, "lora_trainable_modules", byDefault);
    TargetModules excluded = peft.isEmpty(EXCLUDED) ? null : modules(peft, EXCLUDED);
    if (excluded instanceof TargetModules.AllLinear) {
      peft.refuse(EXCLUDED, "must be module names or a regular expression");
    }
    List<Integer> layers = withLayers ? peft.integers(LAYERS, 0, MOST_NAMES) : List.of();
    List<String> pattern = withLayers ? peft.texts(PATTERN) : List.of();
    boolean listed =
        targets instanceof TargetModules.Names || targets instanceof TargetModules.FamilyDefault;
    if (!layers.isEmpty() && !listed) {
      peft.refuse(LAYERS, "needs target_modules to be a list of names");
    }
    if (!pattern.isEmpty() && layers.isEmpty()) {
      peft.refuse(PATTERN, "has an effect only together with layers_to_transform");
    }
    return new Targets(targets, excluded == null ? Targets.NONE : excluded, layers, pattern);
  }

  /** Reads {@code "all-linear"}, a list of module names, or a regular expression. */
  static @Nullable TargetModules modules(Fields fields, String key) {
    JsonNode value = fields.value(key);
    if (value != null && value.isString() && !value.stringValue().equals("all-linear")) {
      try {
        return new TargetModules.Pattern(new PythonPattern(value.stringValue()));
      } catch (IllegalArgumentException e) {
        fields.refuse(key, String.valueOf(e.getMessage()));
        return null;
      }
    }
    return names(fields, key);
  }

  /** Reads {@code "all-linear"}, a list of module names, or names in one string with commas. */
  static @Nullable TargetModules names(Fields fields, String key) {
    JsonNode value = fields.value(key);
    if (value == null) return null;
    if (value.isString() && value.stringValue().equals("all-linear")) {
      return new TargetModules.AllLinear();
    }
    List<String> names = new ArrayList<>();
    if (value.isString()) {
      for (String name : value.stringValue().split(",", -1)) names.add(name.strip());
    } else if (value.isArray()) {
      for (JsonNode name : value) names.add(name.isString() ? name.stringValue() : "");
    }
    boolean plain = names.stream().allMatch(name -> name.matches("[A-Za-z0-9_.]{1,200}"));
    if (names.isEmpty() || names.size() > MOST_NAMES || !plain) {
      fields.refuse(key, "must be \"all-linear\", module names or a regular expression");
      return null;
    }
    return new TargetModules.Names(names);
  }

  void write(ObjectNode peft) {
    write(peft, TARGETS, targetModules);
    if (!excludeModules.equals(NONE)) write(peft, EXCLUDED, excludeModules);
    if (!layersToTransform.isEmpty()) layersToTransform.forEach(peft.putArray(LAYERS)::add);
    writeNames(peft, PATTERN, layersPattern);
  }

  static void writeNames(ObjectNode json, String key, List<String> names) {
    if (!names.isEmpty()) names.forEach(json.putArray(key)::add);
  }

  static void write(ObjectNode peft, String key, TargetModules modules) {
    switch (modules) {
      case TargetModules.AllLinear all -> peft.put(key, "all-linear");
      case TargetModules.FamilyDefault byDefault -> peft.putNull(key);
      case TargetModules.Names names -> names.names().forEach(peft.putArray(key)::add);
      case TargetModules.Pattern pattern -> peft.put(key, pattern.expression().text());
    }
  }
}
