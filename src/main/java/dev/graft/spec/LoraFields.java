package dev.graft.spec;

import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.LoraVariant.Bias;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/** PEFT's {@code LoraConfig}, in and out. */
final class LoraFields {
  public static final String TYPE = "LORA";

  private static final int LARGEST_R = 1024;
  private static final double LEAST_ALPHA = 1e-6;
  private static final double MOST_ALPHA = 1e6;

  private LoraFields() {}

  /**
   * @param byDefault what missing fields mean; a missing {@code lora_alpha} is twice r unless its
   *     own is r
   */
  static Lora read(Fields peft, HyperparameterAliases aliases, Lora byDefault) {
    Integer said = peft.integer("r", 1, LARGEST_R);
    int r = MethodFields.agree(peft, "r", said, aliases.r(), "lora_r", byDefault.r());
    Double alpha = peft.number("lora_alpha", LEAST_ALPHA, MOST_ALPHA);
    Double dropout = peft.number("lora_dropout", 0, 0.999);
    Lora lora =
        new Lora(
            r,
            MethodFields.agree(
                peft,
                "lora_alpha",
                alpha,
                aliases.loraAlpha(),
                "lora_alpha",
                byDefault.loraAlpha() / byDefault.r() * r),
            MethodFields.agree(
                peft, "lora_dropout", dropout, aliases.loraDropout(), "lora_dropout", 0.0),
            TargetFields.read(
                peft, aliases.targetModules(), byDefault.targets().targetModules(), true),
            LoraInitFields.read(peft),
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
    TargetFields.write(peft, lora.targets());
    LoraInitFields.write(peft, lora.initLoraWeights());
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
}
