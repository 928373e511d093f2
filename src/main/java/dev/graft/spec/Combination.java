package dev.graft.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * How several LoRA adapters of one base become one: PEFT's {@code add_weighted_adapter}.
 *
 * @param adapters ids of the others, which come after the first
 * @param weights of the first and the others
 * @param density of the numbers that pruning leaves, in (0, 1]; 1 where the type prunes none
 * @param svdRank of the result of a decomposition; null = the largest of theirs
 * @param seed of what DARE draws, as of {@code torch.manual_seed}
 */
public record Combination(
    CombinationType type,
    List<String> adapters,
    List<Double> weights,
    double density,
    MajoritySign majoritySign,
    @Nullable Integer svdRank,
    int seed) {
  public Combination {
    adapters = List.copyOf(adapters);
    weights = List.copyOf(weights);
    if (weights.size() != adapters.size() + 1) throw new IllegalArgumentException("weights");
  }

  /** By what the majority of signs is counted. */
  public enum MajoritySign {
    TOTAL,
    FREQUENCY;

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What decides the result, so that equal combinations have equal options. */
  public ObjectNode options() {
    ObjectNode options = JsonNodeFactory.instance.objectNode();
    options.put("combination_type", type.wireName());
    adapters.forEach(options.putArray("adapters")::add);
    weights.forEach(options.putArray("weights")::add);
    if (type.prunes()) options.put("density", density);
    if (type.elects()) options.put("majority_sign_method", majoritySign.wireName());
    if (type.decomposes() && svdRank != null) options.put("svd_rank", svdRank);
    if (type.draws()) options.put("seed", seed);
    return options;
  }

  /** What {@link #options} were of. */
  static Combination of(JsonNode options) {
    List<String> adapters = new ArrayList<>();
    options.path("adapters").forEach(each -> adapters.add(each.stringValue()));
    List<Double> weights = new ArrayList<>();
    options.path("weights").forEach(each -> weights.add(each.doubleValue()));
    JsonNode rank = options.path("svd_rank");
    return new Combination(
        CombinationType.valueOf(
            options.path("combination_type").stringValue().toUpperCase(Locale.ROOT)),
        adapters,
        weights,
        options.path("density").asDouble(1),
        MajoritySign.valueOf(
            options.path("majority_sign_method").asString("total").toUpperCase(Locale.ROOT)),
        rank.isInt() ? rank.intValue() : null,
        options.path("seed").asInt(0));
  }
}
