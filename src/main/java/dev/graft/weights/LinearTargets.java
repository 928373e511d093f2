package dev.graft.weights;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.PythonPattern;
import dev.graft.spec.Targets;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelConfig.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** Selects the modules of a {@code target_modules} by PEFT's rules. */
public final class LinearTargets {
  /** The number of entries from which PEFT searches for an equivalent shorter list. */
  private static final int SHORTEN_FROM = 20;

  private LinearTargets() {}

  /**
   * Returns the linear layers that get an adapter, in the order of the forward pass.
   *
   * @param modulesToSave modules that train as a whole and get no adapter
   * @throws IllegalArgumentException if a name matches no module, or one that is not a linear layer
   */
  public static List<ModelConfig.Linear> select(
      Targets targets, List<String> modulesToSave, ModelConfig config) {
    AdaptedModules adapted = AdaptedModules.of(targets, modulesToSave, config);
    if (!adapted.tables().isEmpty()) throw unsupported(adapted.tables().getFirst().path());
    if (adapted.output()) throw unsupported(config.outputModule());
    return adapted.linears();
  }

  static IllegalArgumentException unsupported(String path) {
    return new IllegalArgumentException(
        "target_modules: an adapter on '%s' is not supported".formatted(path));
  }

  /**
   * Returns the paths of all selected modules of any kind, in the order of the forward pass.
   *
   * @throws IllegalArgumentException if a name matches no module
   */
  public static List<String> paths(
      Targets targets, List<String> modulesToSave, ModelConfig config) {
    TargetModules modules = resolved(targets.targetModules(), config);
    requireMatches(modules, config);
    return modules(config).stream()
        .filter(path -> !selects(targets.excludeModules(), path))
        .filter(path -> modulesToSave.stream().noneMatch(module -> isWithin(path, module)))
        .filter(path -> selects(modules, path) && isInLayers(targets, path))
        .toList();
  }

  /** Converts {@code "all-linear"} and the family's default to lists of names. */
  static TargetModules resolved(TargetModules targets, ModelConfig config) {
    return switch (targets) {
      case TargetModules.AllLinear() -> new TargetModules.Names(List.copyOf(linearPaths(config)));
      case TargetModules.FamilyDefault() -> new TargetModules.Names(DefaultModules.lora(config));
      case TargetModules.Names names -> names;
      case TargetModules.Pattern pattern -> pattern;
    };
  }

  /** Whether resolved targets select a module. */
  private static boolean selects(TargetModules targets, String path) {
    return switch (targets) {
      case TargetModules.Names(List<String> names) ->
          names.stream().anyMatch(name -> matches(path, name));
      case TargetModules.Pattern(PythonPattern expression) -> expression.matches(path);
      case TargetModules.AllLinear(), TargetModules.FamilyDefault() ->
          throw new IllegalArgumentException("target_modules must be resolved");
    };
  }

  /**
   * Checks the first number in the path, as PEFT does; a name that is a whole path always counts.
   */
  private static boolean isInLayers(Targets targets, String path) {
    boolean whole =
        targets.targetModules() instanceof TargetModules.Names(List<String> names)
            && names.contains(path);
    if (whole || targets.layersToTransform().isEmpty()) return true;
    List<String> parts = List.of(path.split("\\."));
    for (int i = 1; i < parts.size() - 1; i++) {
      String before = String.join(".", parts.subList(0, i));
      boolean list =
          targets.layersPattern().isEmpty()
              ? i > 1
              : targets.layersPattern().stream().anyMatch(pattern -> matches(before, pattern));
      if (list && parts.get(i).matches("[0-9]{1,6}")) {
        return targets.layersToTransform().contains(Integer.parseInt(parts.get(i)));
      }
    }
    return false;
  }

  private static void requireMatches(TargetModules targets, ModelConfig config) {
    Set<String> modules = modules(config);
    switch (targets) {
      case TargetModules.Names(List<String> names) -> {
        if (names.isEmpty()) throw new IllegalArgumentException("target_modules is empty");
        for (String name : names) {
          if (modules.stream().noneMatch(path -> matches(path, name))) {
            throw new IllegalArgumentException(
                "target_modules: '%s' matches no module; the linear layers are %s"
                    .formatted(name, lastNames(config)));
          }
        }
      }
      case TargetModules.Pattern(PythonPattern expression) -> {
        if (modules.stream().noneMatch(expression::matches)) {
          throw new IllegalArgumentException(
              ("target_modules: the expression '%s' does not match the whole path of any module,"
                      + " such as %s")
                  .formatted(expression.text(), config.linearModules().getFirst().path()));
        }
      }
      case TargetModules.AllLinear(), TargetModules.FamilyDefault() -> {}
    }
  }

  /** Whether a path is a module or inside of it. */
  private static boolean isWithin(String path, String module) {
    return ("." + path + ".").contains("." + module + ".");
  }

  /**
   * Returns the sorted list that PEFT saves in {@code adapter_config.json}.
   *
   * @throws IllegalArgumentException for an expression, which PEFT saves unchanged
   */
  public static List<String> saved(TargetModules targets, ModelConfig config) {
    if (resolved(targets, config) instanceof TargetModules.Names(List<String> names)) {
      return saved(new TreeSet<>(names), config);
    }
    throw new IllegalArgumentException("target_modules is not a list");
  }

  private static List<String> saved(SortedSet<String> names, ModelConfig config) {
    if (names.size() < SHORTEN_FROM) return List.copyOf(names);
    Set<String> selected = new HashSet<>();
    for (String module : modules(config)) {
      if (names.stream().anyMatch(name -> matches(module, name))) selected.add(module);
    }
    Set<String> shorter = shortened(names, selected, config);
    return shorter.size() < names.size() ? List.copyOf(shorter) : List.copyOf(names);
  }

  /** Finds, like PEFT's greedy search, the shortest suffix of each name that is unique to it. */
  private static Set<String> shortened(
      Set<String> names, Set<String> selected, ModelConfig config) {
    Set<String> forbidden = new HashSet<>();
    for (String module : modules(config)) {
      if (!selected.contains(module)) forbidden.addAll(suffixes(module));
    }
    List<String> inOrder = new ArrayList<>(names);
    inOrder.sort((a, b) -> compare(suffixes(a), suffixes(b)));
    TreeSet<String> chosen = new TreeSet<>();
    for (String name : inOrder) {
      for (String suffix : suffixes(name)) {
        if (chosen.contains(suffix) || forbidden.contains(suffix)) continue;
        if (chosen.stream().noneMatch(each -> name.endsWith("." + each))) {
          chosen.add(suffix);
          break;
        }
      }
    }
    return chosen;
  }

  /** Returns the paths of all modules with parameters and of the modules around them. */
  private static Set<String> modules(ModelConfig config) {
    Set<String> modules = new LinkedHashSet<>();
    for (ModelConfig.Parameter parameter : config.parameters()) {
      String path = parameter.name();
      while (path.contains(".")) {
        path = path.substring(0, path.lastIndexOf('.'));
        modules.add(path);
      }
    }
    modules.add(config.outputModule());
    return modules;
  }

  private static Set<String> linearPaths(ModelConfig config) {
    Set<String> paths = new TreeSet<>();
    config.linearModules().forEach(linear -> paths.add(linear.path()));
    return paths;
  }

  private static Set<String> lastNames(ModelConfig config) {
    Set<String> names = new LinkedHashSet<>();
    for (ModelConfig.Linear linear : config.linearModules()) {
      names.add(linear.path().substring(linear.path().lastIndexOf('.') + 1));
    }
    return names;
  }

  private static boolean matches(String path, String name) {
    return path.equals(name) || path.endsWith("." + name);
  }

  /** Returns the suffixes of a path, the shortest first. */
  private static List<String> suffixes(String path) {
    List<String> suffixes = new ArrayList<>();
    for (int dot = path.lastIndexOf('.'); dot >= 0; dot = path.lastIndexOf('.', dot - 1)) {
      suffixes.add(path.substring(dot + 1));
    }
    suffixes.add(path);
    return suffixes;
  }

  private static int compare(List<String> a, List<String> b) {
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      int order = a.get(i).compareTo(b.get(i));
      if (order != 0) return order;
    }
    return Integer.compare(a.size(), b.size());
  }

  /** The modules that PEFT adapts if {@code target_modules} is null. */
  public static final class DefaultModules {
    private DefaultModules() {}

    /**
     * Returns the targets of a method in this model, with its default resolved.
     *
     * @throws IllegalArgumentException if PEFT has no default for the family
     */
    public static Targets targets(Targeted method, ModelConfig config) {
      Targets targets = method.targets();
      if (!(targets.targetModules() instanceof TargetModules.FamilyDefault)) return targets;
      return targets.of(
          new TargetModules.Names(
              switch (method) {
                case AdaLora adaLora -> adaLora(config);
                case Ia3 ia3 -> ia3(config);
                case LnTuning norms -> norms(config);
                case Vera vera -> lora(config);
              }));
    }

    private static List<String> ia3(ModelConfig config) {
      return switch (config.modelType()) {
        case "llama", "mistral" -> List.of("k_proj", "v_proj", "down_proj");
        case "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3" ->
            List.of("q_proj", "v_proj", "down_proj");
        case "gpt2" -> List.of("c_attn", "mlp.c_proj");
        case "gpt_neox" -> List.of("query_key_value", "dense_4h_to_h");
        case "bert", "roberta" -> List.of("key", "value", "output.dense");
        default -> throw none("target_modules", config);
      };
    }

    /** Returns LoRA's default, which AdaLoRA has for fewer families. */
    private static List<String> adaLora(ModelConfig config) {
      return switch (config.modelType()) {
        case "roberta" -> List.of("query", "key", "value", "dense");
        case "mistral", "xlm-roberta" -> throw none("target_modules", config);
        default -> lora(config);
      };
    }

    private static List<String> norms(ModelConfig config) {
      return switch (config.modelType()) {
        case "llama", "mistral", "gemma" ->
            List.of("input_layernorm", "post_attention_layernorm", "norm");
        case "gemma2", "gemma3_text" ->
            List.of(
                "input_layernorm",
                "post_attention_layernorm",
                "pre_feedforward_layernorm",
                "post_feedforward_layernorm",
                "norm");
        case "qwen2", "qwen3" -> List.of("post_attention_layernorm");
        case "gpt2" -> List.of("ln_1", "ln_2", "ln_f");
        default -> throw none("target_modules", config);
      };
    }

    /**
     * Returns the modules whose input (IA)^3 multiplies, as suffixes of paths.
     *
     * @throws IllegalArgumentException if PEFT has no default for the family
     */
    public static TargetModules feedforward(Ia3 method, ModelConfig config) {
      if (!(method.feedforwardModules() instanceof TargetModules.FamilyDefault)) {
        return method.feedforwardModules();
      }
      return new TargetModules.Names(
          List.of(
              switch (config.modelType()) {
                case "llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3" ->
                    "down_proj";
                case "gpt2" -> "mlp.c_proj";
                case "gpt_neox" -> "dense_4h_to_h";
                case "bert", "roberta" -> "output.dense";
                default -> throw none("feedforward_modules", config);
              }));
    }

    private static IllegalArgumentException none(String field, ModelConfig config) {
      return new IllegalArgumentException(
          "%s: PEFT has no default for a model of type %s; name the modules"
              .formatted(field, config.modelType()));
    }

    /**
     * Returns the default of LoRA and its variants.
     *
     * @throws IllegalArgumentException if PEFT has no default for the family
     */
    public static List<String> lora(ModelConfig config) {
      return switch (config.modelType()) {
        case "llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3" ->
            List.of("q_proj", "v_proj");
        case "gpt2" -> List.of("c_attn");
        case "gpt_neox" -> List.of("query_key_value");
        case "bert", "roberta", "xlm-roberta" -> List.of("query", "value");
        default -> throw none("target_modules", config);
      };
    }
  }

  /**
   * The modules that get a low-rank adapter, in the order of the forward pass.
   *
   * @param tables embeddings of tokens, positions or types
   * @param output whether the matrix that computes the logits of tokens is one of them
   */
  public record AdaptedModules(
      List<ModelConfig.Linear> linears, List<Leaf> tables, boolean output) {
    public AdaptedModules {
      linears = List.copyOf(linears);
      tables = List.copyOf(tables);
    }

    /**
     * @param modulesToSave modules that train as a whole and get no adapter
     * @throws IllegalArgumentException if a name matches no module, or one that cannot be adapted
     */
    public static AdaptedModules of(
        Targets targets, List<String> modulesToSave, ModelConfig config) {
      Map<String, ModelConfig.Linear> linears = new LinkedHashMap<>();
      config.linearModules().forEach(each -> linears.put(each.path(), each));
      Map<String, Leaf> tables = new LinkedHashMap<>();
      for (Leaf leaf : config.leaves()) {
        if (leaf.kind() == Kind.EMBEDDING) tables.put(leaf.path(), leaf);
      }
      List<ModelConfig.Linear> adapted = new ArrayList<>();
      List<Leaf> embeddings = new ArrayList<>();
      boolean causal = config.task() instanceof Task.CausalLm;
      boolean output = false;
      for (String path : LinearTargets.paths(targets, modulesToSave, config)) {
        ModelConfig.Linear linear = linears.get(path);
        Leaf table = tables.get(path);
        if (linear != null) adapted.add(linear);
        else if (table != null) embeddings.add(table);
        else if (causal && path.equals(config.outputModule())) output = true;
        else throw LinearTargets.unsupported(path);
      }
      if (adapted.isEmpty() && embeddings.isEmpty() && !output) {
        throw new IllegalArgumentException(
            "target_modules: no module remains after exclude_modules, layers_to_transform and"
                + " modules_to_save");
      }
      return new AdaptedModules(adapted, embeddings, output);
    }
  }
}
