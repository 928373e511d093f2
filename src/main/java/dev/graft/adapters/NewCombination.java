package dev.graft.adapters;

import dev.graft.platform.RequestFailed;
import dev.graft.spec.ExportForm.Combination;
import dev.graft.spec.ExportForm.Combination.MajoritySign;
import dev.graft.spec.ExportForm.CombinationType;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a request for a combined form says beside it, in PEFT's names.
 *
 * @param adapters ids of the others
 * @param weights of the adapter of the path, and of the others
 */
record NewCombination(
    @Nullable List<String> adapters,
    @Nullable List<Double> weights,
    @Nullable String combinationType,
    @Nullable Double density,
    @Nullable String majoritySignMethod,
    @Nullable Integer svdRank,
    @Nullable Integer seed) {
  private static final String FIELD = "combination.";
  private static final int MOST = 8;
  private static final int MOST_RANK = 1024;

  /**
   * @throws RequestFailed with the field that is wrong
   */
  Combination read(Adapter first) {
    CombinationType type =
        combinationType == null
            ? CombinationType.SVD
            : NewExport.choice(
                combinationType,
                FIELD + "combination_type",
                CombinationType.values(),
                CombinationType::wireName);
    refuseOthers(type);
    List<String> others = others(first);
    return new Combination(
        type,
        others,
        weightsOf(others.size() + 1),
        type.prunes() ? kept() : 1,
        majoritySignMethod == null
            ? MajoritySign.TOTAL
            : NewExport.choice(
                majoritySignMethod,
                FIELD + "majority_sign_method",
                MajoritySign.values(),
                MajoritySign::wireName),
        svdRank,
        seed == null ? 0 : seed);
  }

  private void refuseOthers(CombinationType type) {
    refuse(type, type.prunes(), "density", density);
    refuse(type, type.elects(), "majority_sign_method", majoritySignMethod);
    refuse(type, type.decomposes(), "svd_rank", svdRank);
    refuse(type, type.draws(), "seed", seed);
    if (svdRank != null && (svdRank < 1 || svdRank > MOST_RANK)) {
      throw invalid("svd_rank", "svd_rank must be between 1 and %d.".formatted(MOST_RANK));
    }
  }

  private static void refuse(
      CombinationType type, boolean known, String field, @Nullable Object value) {
    if (value == null || known) return;
    throw invalid(field, "%s is no option of %s.".formatted(field, type.wireName()));
  }

  private List<String> others(Adapter first) {
    List<String> others = adapters == null ? List.of() : adapters;
    Set<String> all = new HashSet<>(others);
    all.add(first.id());
    all.remove(null);
    if (others.isEmpty() || others.size() > MOST || all.size() != others.size() + 1) {
      throw invalid(
          "adapters", "adapters must be the ids of 1 to %d other adapters.".formatted(MOST));
    }
    return others;
  }

  private List<Double> weightsOf(int count) {
    List<Double> said = weights == null ? List.of() : weights;
    if (said.size() == count && said.stream().allMatch(NewCombination::isWeight)) return said;
    throw invalid(
        "weights",
        "weights must be %d numbers between -100 and 100: of this adapter and each other."
            .formatted(count));
  }

  private static boolean isWeight(@Nullable Double weight) {
    return weight != null && Math.abs(weight) <= 100;
  }

  private double kept() {
    double share = Objects.requireNonNullElse(density, 0.0);
    if (share > 0 && share <= 1) return share;
    throw invalid("density", "density, the share of numbers that stay, must be in (0, 1].");
  }

  private static RequestFailed invalid(String field, String message) {
    return RequestFailed.invalid(FIELD + field, message);
  }
}
