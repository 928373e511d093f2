package dev.graft.spec;

import dev.graft.spec.Lora.LoraVariant.Bias;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * LoRA (Hu et al. 2021): {@code y = Wx + scale B A x}, with scale {@code lora_alpha / r}.
 *
 * @param targets which modules get factors
 * @param initLoraWeights how the factors start
 * @param variant how scale, norm and biases differ from the paper's
 * @param patterns ranks and alphas of single modules
 * @param extras what trains in addition to the factors
 */
public record Lora(
    int r,
    double loraAlpha,
    double loraDropout,
    Targets targets,
    LoraInit initLoraWeights,
    LoraVariant variant,
    LoraPatterns patterns,
    LoraExtras extras)
    implements AdapterMethod {
  static final String TYPE = "LORA";

  private static final int LARGEST_R = 1024;
  private static final double LEAST_ALPHA = 1e-6;
  private static final double MOST_ALPHA = 1e6;

  public Lora {
    if (r < 1 || r > 1024) throw new IllegalArgumentException("r must be 1..1024, is " + r);
    if (!(loraAlpha > 0))
      throw new IllegalArgumentException("lora_alpha must be > 0, is " + loraAlpha);
    if (!(loraDropout >= 0 && loraDropout < 1))
      throw new IllegalArgumentException("lora_dropout must be in [0, 1), is " + loraDropout);
  }

  /** Creates a LoRA as in the paper. */
  public Lora(int r, double loraAlpha, double loraDropout, TargetModules targetModules) {
    this(
        r,
        loraAlpha,
        loraDropout,
        new Targets(targetModules),
        new LoraInit.Standard(),
        LoraVariant.PLAIN,
        LoraPatterns.NONE,
        LoraExtras.NONE);
  }

  /** Returns a copy with another initialisation. */
  public Lora startingAs(LoraInit init) {
    return new Lora(r, loraAlpha, loraDropout, targets, init, variant, patterns, extras);
  }

  /** Returns a copy with another variant. */
  public Lora as(LoraVariant other) {
    return new Lora(r, loraAlpha, loraDropout, targets, initLoraWeights, other, patterns, extras);
  }

  /** Returns the rank of a module's factors. */
  public int rank(String module) {
    return patterns.rank(module, r);
  }

  /** Returns the {@code lora_alpha} of a module. */
  public double alpha(String module) {
    return patterns.alpha(module, loraAlpha);
  }

  /** Returns the factor of the product of a module's factors. */
  public double scale(String module) {
    double alpha = alpha(module);
    int rank = rank(module);
    return variant.useRslora() ? alpha / Math.sqrt(rank) : alpha / rank;
  }

  /**
   * @param byDefault values of missing fields; a missing {@code lora_alpha} has the same ratio to r
   */
  static Lora read(Fields peft, HyperparameterAliases aliases, Lora byDefault) {
    Integer explicit = peft.integer("r", 1, LARGEST_R);
    int r = AdapterMethods.agree(peft, "r", explicit, aliases.r(), "lora_r", byDefault.r());
    Double alpha = peft.number("lora_alpha", LEAST_ALPHA, MOST_ALPHA);
    Double dropout = peft.number("lora_dropout", 0, 0.999);
    Lora lora =
        new Lora(
            r,
            AdapterMethods.agree(
                peft,
                "lora_alpha",
                alpha,
                aliases.loraAlpha(),
                "lora_alpha",
                byDefault.loraAlpha() / byDefault.r() * r),
            AdapterMethods.agree(
                peft, "lora_dropout", dropout, aliases.loraDropout(), "lora_dropout", 0.0),
            Targets.read(peft, aliases.targetModules(), byDefault.targets().targetModules(), true),
            LoraInit.Json.read(peft),
            variant(peft),
            new LoraPatterns(ranks(peft), alphas(peft)),
            new LoraExtras(peft.texts("modules_to_save"), TokenIndices.read(peft)));
    refuseRare(peft);
    return lora;
  }

  private static LoraVariant variant(Fields peft) {
    Bias bias = peft.choice("bias", Bias.NONE);
    return new LoraVariant(
        peft.bool("use_rslora", false),
        peft.bool("use_dora", false),
        peft.bool("lora_bias", false),
        bias);
  }

  private static SortedMap<String, Integer> ranks(Fields peft) {
    SortedMap<String, Integer> ranks = new TreeMap<>();
    Fields pattern = peft.object("rank_pattern");
    for (String key : patternKeys(pattern)) {
      Integer rank = pattern.integer(key, 1, LARGEST_R);
      if (rank != null) ranks.put(key, rank);
    }
    return ranks;
  }

  private static SortedMap<String, Double> alphas(Fields peft) {
    SortedMap<String, Double> alphas = new TreeMap<>();
    Fields pattern = peft.object("alpha_pattern");
    for (String key : patternKeys(pattern)) {
      Double alpha = pattern.number(key, LEAST_ALPHA, MOST_ALPHA);
      if (alpha != null) alphas.put(key, alpha);
    }
    return alphas;
  }

  private static List<String> patternKeys(Fields pattern) {
    return pattern.names().stream().filter(key -> isPattern(pattern, key)).toList();
  }

  private static boolean isPattern(Fields pattern, String key) {
    try {
      PythonPattern.atEnd(key);
      return true;
    } catch (IllegalArgumentException e) {
      pattern.refuse(key, String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Refuses the settings of {@code LoraConfig} that are not supported yet. */
  static void refuseRare(Fields peft) {
    peft.known("fan_in_fan_out"); // follows from the base
    for (String key : List.of("use_qalora", "use_bdlora", "ensure_weight_tying")) {
      peft.notYet(key, false);
    }
    for (String key :
        List.of(
            "alora_invocation_tokens",
            "arrow_config",
            "corda_config",
            "kasa_config",
            "layer_replication",
            "lora_ga_config",
            "megatron_config",
            "monteclora_config",
            "target_parameters",
            "velora_config")) {
      peft.notYet(key);
    }
    peft.known("megatron_core", "qalora_group_size");
  }

  @Override
  public void write(ObjectNode peft) {
    peft.put("peft_type", TYPE).put("r", r).put("lora_alpha", loraAlpha);
    peft.put("lora_dropout", loraDropout);
    targets.write(peft);
    LoraInit.Json.write(peft, initLoraWeights);
    peft.put("use_rslora", variant.useRslora()).put("use_dora", variant.useDora());
    peft.put("lora_bias", variant.loraBias()).put("bias", variant.bias().wireName());
    patterns.rankPattern().forEach(peft.putObject("rank_pattern")::put);
    patterns.alphaPattern().forEach(peft.putObject("alpha_pattern")::put);
    Targets.writeNames(peft, "modules_to_save", extras.modulesToSave());
    extras.trainableTokenIndices().write(peft);
  }

  /**
   * What trains in addition to the factors of a LoRA.
   *
   * @param modulesToSave modules that train as a whole, by path or by a suffix after a dot
   * @param trainableTokenIndices trained rows of the token table or of the output matrix
   */
  public record LoraExtras(List<String> modulesToSave, TokenIndices trainableTokenIndices) {
    public static final LoraExtras NONE = new LoraExtras(List.of(), TokenIndices.NONE);

    public LoraExtras {
      modulesToSave = List.copyOf(modulesToSave);
    }
  }

  /**
   * Ranks and alphas of single modules. A key is a regular expression that matches a module's whole
   * path, or a suffix of it after a dot.
   *
   * <p>PEFT takes the first key that matches, but sorts the keys in its file. Two keys that assign
   * different values to a module are therefore an error here.
   */
  public record LoraPatterns(
      SortedMap<String, Integer> rankPattern, SortedMap<String, Double> alphaPattern) {
    public static final LoraPatterns NONE = new LoraPatterns(new TreeMap<>(), new TreeMap<>());

    public LoraPatterns {
      rankPattern = Collections.unmodifiableSortedMap(new TreeMap<>(rankPattern));
      alphaPattern = Collections.unmodifiableSortedMap(new TreeMap<>(alphaPattern));
    }

    int rank(String module, int byDefault) {
      return find("rank_pattern", rankPattern, module, byDefault);
    }

    double alpha(String module, double byDefault) {
      return find("alpha_pattern", alphaPattern, module, byDefault);
    }

    private static <T> T find(String field, Map<String, T> pattern, String module, T byDefault) {
      T found = null;
      for (Map.Entry<String, T> each : pattern.entrySet()) {
        if (!PythonPattern.atEnd(each.getKey()).matches(module)) continue;
        if (found != null && !found.equals(each.getValue())) {
          throw new IllegalArgumentException(
              "%s: the keys assign different values to %s: %s and %s"
                  .formatted(field, module, found, each.getValue()));
        }
        found = each.getValue();
      }
      return found != null ? found : byDefault;
    }
  }

  /**
   * Variants of the paper's LoRA.
   *
   * @param useRslora whether the scale is {@code lora_alpha / sqrt(r)} (Kalajdzievski 2023)
   * @param useDora whether a norm trains for each output feature (DoRA, Liu et al. 2024)
   * @param loraBias whether B has a bias
   * @param bias which biases of the base train
   */
  public record LoraVariant(boolean useRslora, boolean useDora, boolean loraBias, Bias bias) {
    public static final LoraVariant PLAIN = new LoraVariant(false, false, false, Bias.NONE);

    /** The biases of the base that train; PEFT's names. */
    public enum Bias implements WireName {
      NONE,
      /** Every bias of the model. */
      ALL,
      /** Those of adapted modules. */
      LORA_ONLY
    }
  }

  /**
   * PEFT's {@code trainable_token_indices}: the rows that train, of the token table or of named
   * modules.
   *
   * @param ofTable rows of the token table; excludes {@code byModule}
   * @param byModule rows by the suffix of a module's path, such as {@code embed_tokens} or {@code
   *     lm_head}
   */
  public record TokenIndices(List<Integer> ofTable, SortedMap<String, List<Integer>> byModule) {
    public static final TokenIndices NONE = new TokenIndices(List.of(), new TreeMap<>());

    private static final String KEY = "trainable_token_indices";
    private static final int MOST = 10_000_000;

    public TokenIndices {
      ofTable = List.copyOf(ofTable);
      SortedMap<String, List<Integer>> copies = new TreeMap<>();
      byModule.forEach((name, rows) -> copies.put(name, List.copyOf(rows)));
      byModule = Collections.unmodifiableSortedMap(copies);
    }

    public TokenIndices(List<Integer> ofTable) {
      this(ofTable, new TreeMap<>());
    }

    public boolean isEmpty() {
      return ofTable.isEmpty() && byModule.isEmpty();
    }

    static TokenIndices read(Fields peft) {
      JsonNode value = peft.value(KEY);
      if (value == null || !value.isObject()) return new TokenIndices(peft.integers(KEY, 0, MOST));
      SortedMap<String, List<Integer>> byModule = new TreeMap<>();
      Fields modules = peft.object(KEY);
      for (String name : modules.names()) {
        List<Integer> rows = modules.integers(name, 0, MOST);
        if (!name.matches("[A-Za-z0-9_.]{1,200}")) modules.refuse(name, "is not a module name");
        else if (rows.isEmpty()) modules.refuse(name, "must list the rows that train");
        else byModule.put(name, rows);
      }
      return new TokenIndices(List.of(), byModule);
    }

    void write(ObjectNode peft) {
      if (!ofTable.isEmpty()) ofTable.forEach(peft.putArray(KEY)::add);
      if (byModule.isEmpty()) return;
      ObjectNode modules = peft.putObject(KEY);
      byModule.forEach((name, rows) -> rows.forEach(modules.putArray(name)::add));
    }

    /** Returns the value that PEFT saves. */
    public @Nullable Object saved() {
      if (!byModule.isEmpty()) return byModule;
      return ofTable.isEmpty() ? null : new ArrayList<>(ofTable);
    }
  }
}
