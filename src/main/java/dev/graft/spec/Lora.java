package dev.graft.spec;

import dev.graft.spec.Lora.LoraVariant.Bias;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
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
 * @param extras what trains beside the factors
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

  /** LoRA as in the paper. */
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

  /** The same with another start. */
  public Lora startingAs(LoraInit init) {
    return new Lora(r, loraAlpha, loraDropout, targets, init, variant, patterns, extras);
  }

  /** The same as another variant. */
  public Lora as(LoraVariant other) {
    return new Lora(r, loraAlpha, loraDropout, targets, initLoraWeights, other, patterns, extras);
  }

  /** Rank of the factors of a module. */
  public int rank(String module) {
    return patterns.rank(module, r);
  }

  /** {@code lora_alpha} of a module. */
  public double alpha(String module) {
    return patterns.alpha(module, loraAlpha);
  }

  /** What the product of a module's factors is multiplied by. */
  public double scale(String module) {
    double alpha = alpha(module);
    int rank = rank(module);
    return variant.useRslora() ? alpha / Math.sqrt(rank) : alpha / rank;
  }

  /**
   * @param byDefault what missing fields mean; a missing {@code lora_alpha} is twice r unless its
   *     own is r
   */
  static Lora read(Fields peft, HyperparameterAliases aliases, Lora byDefault) {
    Integer said = peft.integer("r", 1, LARGEST_R);
    int r = AdapterMethods.agree(peft, "r", said, aliases.r(), "lora_r", byDefault.r());
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
            LoraInit.LoraInitFields.read(peft),
            variant(peft),
            new LoraPatterns(ranks(peft), alphas(peft)),
            new LoraExtras(peft.texts("modules_to_save"), TokenIndices.read(peft)));
    refuseRare(peft);
    return lora;
  }

  private static LoraVariant variant(Fields peft) {
    Bias bias = peft.choice("bias", Bias.class);
    return new LoraVariant(
        is(peft, "use_rslora"),
        is(peft, "use_dora"),
        is(peft, "lora_bias"),
        bias == null ? Bias.NONE : bias);
  }

  private static boolean is(Fields peft, String key) {
    Boolean value = peft.bool(key);
    return value != null && value;
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

  /** The rest of {@code LoraConfig}: known, and refused until it is built. */
  static void refuseRare(Fields peft) {
    peft.known("fan_in_fan_out"); // follows from the base, whatever is said
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
    peft.known("megatron_core");
    peft.known("qalora_group_size");
  }

  static void write(ObjectNode peft, Lora lora) {
    peft.put("peft_type", TYPE).put("r", lora.r()).put("lora_alpha", lora.loraAlpha());
    peft.put("lora_dropout", lora.loraDropout());
    Targets.write(peft, lora.targets());
    LoraInit.LoraInitFields.write(peft, lora.initLoraWeights());
    LoraVariant variant = lora.variant();
    peft.put("use_rslora", variant.useRslora()).put("use_dora", variant.useDora());
    peft.put("lora_bias", variant.loraBias());
    peft.put("bias", variant.bias().name().toLowerCase(Locale.ROOT));
    ObjectNode ranks = peft.putObject("rank_pattern");
    lora.patterns().rankPattern().forEach(ranks::put);
    ObjectNode alphas = peft.putObject("alpha_pattern");
    lora.patterns().alphaPattern().forEach(alphas::put);
    List<String> modules = lora.extras().modulesToSave();
    if (!modules.isEmpty()) modules.forEach(peft.putArray("modules_to_save")::add);
    lora.extras().trainableTokenIndices().write(peft);
  }

  /**
   * What trains beside the factors of a LoRA.
   *
   * @param modulesToSave modules that train whole, by path or by a suffix after a dot
   * @param trainableTokenIndices rows of the token table, or of the output matrix, that train
   */
  public record LoraExtras(List<String> modulesToSave, TokenIndices trainableTokenIndices) {
    public static final LoraExtras NONE = new LoraExtras(List.of(), TokenIndices.NONE);

    public LoraExtras {
      modulesToSave = List.copyOf(modulesToSave);
    }
  }

  /**
   * Ranks and alphas of single modules. A key is a regular expression for a module's whole path, or
   * for its end after a dot.
   *
   * <p>PEFT takes the first key that matches; an order does not survive its own sorted file, so two
   * keys that give a module different values are an error here.
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
              "%s: the keys give %s different values, %s and %s"
                  .formatted(field, module, found, each.getValue()));
        }
        found = each.getValue();
      }
      return found != null ? found : byDefault;
    }
  }

  /**
   * What sets a LoRA apart from the paper's.
   *
   * @param useRslora scale {@code lora_alpha / sqrt(r)} (Kalajdzievski 2023)
   * @param useDora a trained norm for each output feature (DoRA, Liu et al. 2024)
   * @param loraBias B has a bias
   * @param bias which biases of the base train
   */
  public record LoraVariant(boolean useRslora, boolean useDora, boolean loraBias, Bias bias) {
    public static final LoraVariant PLAIN = new LoraVariant(false, false, false, Bias.NONE);

    /** Which biases of the base train; PEFT's names. */
    public enum Bias {
      NONE,
      /** Every bias of the model. */
      ALL,
      /** Those of adapted modules. */
      LORA_ONLY
    }
  }

  /**
   * PEFT's {@code trainable_token_indices}: rows that train of the token table, or of modules by
   * name.
   *
   * @param ofTable rows of the token table; then there are no names
   * @param byModule rows by the end of a module's path, such as {@code embed_tokens} or {@code
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

    /** Rows of the token table. */
    public TokenIndices(List<Integer> ofTable) {
      this(ofTable, new TreeMap<>());
    }

    public boolean isEmpty() {
      return ofTable.isEmpty() && byModule.isEmpty();
    }

    public static TokenIndices read(Fields peft) {
      JsonNode value = peft.value(KEY);
      if (value == null || !value.isObject()) return new TokenIndices(peft.integers(KEY, 0, MOST));
      SortedMap<String, List<Integer>> byModule = new TreeMap<>();
      Fields modules = peft.object(KEY);
      for (String name : modules.names()) {
        List<Integer> rows = modules.integers(name, 0, MOST);
        if (!name.matches("[A-Za-z0-9_.]{1,200}")) modules.refuse(name, "is no name of a module");
        else if (rows.isEmpty()) modules.refuse(name, "must be the rows that train");
        else byModule.put(name, rows);
      }
      return new TokenIndices(List.of(), byModule);
    }

    public void write(ObjectNode peft) {
      if (!ofTable.isEmpty()) ofTable.forEach(peft.putArray(KEY)::add);
      if (byModule.isEmpty()) return;
      ObjectNode modules = peft.putObject(KEY);
      byModule.forEach((name, rows) -> rows.forEach(modules.putArray(name)::add));
    }

    /** As PEFT saves it. */
    public @Nullable Object saved() {
      if (!byModule.isEmpty()) return byModule;
      return ofTable.isEmpty() ? null : new ArrayList<>(ofTable);
    }
  }
}
