package dev.graft.spec;

import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.LossType;
import dev.graft.spec.Preference.Orpo;
import dev.graft.spec.TrainingSpec.Objective;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code beta}, {@code loss_type} and {@code label_smoothing} of {@code adapter.training}, in and
 * out; names and defaults are those of TRL's {@code DPOConfig} and {@code ORPOConfig}.
 */
final class PreferenceFields {
  private static final double BETA = 0.1;
  private static final double LEAST_BETA = 1e-6;
  private static final double MOST_BETA = 1000;

  /** TRL's other loss types. */
  private static final String[] NOT_YET = {
    "exo_pair",
    "nca_pair",
    "bco_pair",
    "sppo_hard",
    "aot",
    "aot_unpaired",
    "apo_zero",
    "apo_down",
    "discopop",
    "sft",
    "sigmoid_norm"
  };

  private PreferenceFields() {}

  /** Null where the objective has no pairs. */
  static @Nullable Preference read(
      Fields training, Objective objective, HyperparameterAliases aliases) {
    LossType lossType = training.choice("loss_type", LossType.class, NOT_YET);
    Double smoothing = training.number("label_smoothing", 0, 0.499);
    Double explicit = training.number("beta", LEAST_BETA, MOST_BETA, "usual are 0.01 to 0.5");
    double beta = MethodFields.agree(training, "beta", explicit, aliases.beta(), "beta", BETA);
    boolean dpo = objective == Objective.DPO;
    if (!dpo && lossType != null) training.refuse("loss_type", "needs objective dpo");
    if (!dpo && smoothing != null) training.refuse("label_smoothing", "needs objective dpo");
    return switch (objective) {
      case DPO -> dpo(training, lossType, beta, smoothing == null ? 0 : smoothing);
      case ORPO -> new Orpo(beta);
      case SFT, PRETRAINING, CLASSIFICATION, REGRESSION -> {
        if (explicit != null) training.refuse("beta", "needs objective dpo or orpo");
        yield null;
      }
    };
  }

  private static Dpo dpo(
      Fields training, @Nullable LossType lossType, double beta, double smoothing) {
    LossType type = lossType == null ? LossType.SIGMOID : lossType;
    if (smoothing > 0 && !type.smooths()) {
      training.refuse("label_smoothing", "needs loss_type sigmoid or robust");
      return new Dpo(type, beta, 0);
    }
    return new Dpo(type, beta, smoothing);
  }

  static void write(ObjectNode training, @Nullable Preference preference) {
    switch (preference) {
      case null -> {}
      case Orpo(double beta) -> training.put("beta", beta);
      case Dpo dpo ->
          training
              .put("beta", dpo.beta())
              .put("loss_type", dpo.lossType().name().toLowerCase(Locale.ROOT))
              .put("label_smoothing", dpo.labelSmoothing());
    }
  }
}
