package dev.graft.spec;

import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.LossType;
import dev.graft.spec.Preference.Orpo;
import dev.graft.spec.TrainingSpec.Objective;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** How training learns from pairs of a chosen and a rejected answer; names are TRL's. */
public sealed interface Preference {
  /** Weight of the preference. */
  double beta();

  /**
   * Direct preference optimisation (Rafailov et al. 2023). The reference is the base model without
   * the adapter.
   *
   * @param labelSmoothing probability that a pair is swapped: conservative DPO with {@code
   *     SIGMOID}, corrected for with {@code ROBUST}; otherwise 0
   */
  record Dpo(LossType lossType, double beta, double labelSmoothing) implements Preference {
    public Dpo {
      requirePositive(beta);
      if (!(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
        throw new IllegalArgumentException("label_smoothing must be in [0, 0.5)");
      }
      if (labelSmoothing > 0 && !lossType.smooths()) {
        throw new IllegalArgumentException("label_smoothing applies to sigmoid and robust only");
      }
    }
  }

  /** TRL's {@code loss_type}. */
  enum LossType implements WireName {
    /** -log sigmoid(beta margin). */
    SIGMOID,
    /** SLiC (Zhao et al. 2023): max(0, 1 - beta margin). */
    HINGE,
    /** Identity preference optimisation (Azar et al. 2023), on log-ratios per token. */
    IPO,
    /** Robust DPO (Chowdhury et al. 2024). */
    ROBUST;

    /** Whether {@code label_smoothing} applies. */
    public boolean smooths() {
      return this == SIGMOID || this == ROBUST;
    }
  }

  /**
   * Odds-ratio preference optimisation (Hong et al. 2024): the loss of the chosen text plus beta
   * times that of the odds ratio, without a reference.
   */
  record Orpo(double beta) implements Preference {
    public Orpo {
      requirePositive(beta);
    }
  }

  private static void requirePositive(double beta) {
    if (!(beta > 0 && beta <= 1000)) {
      throw new IllegalArgumentException("beta must be in (0, 1000], but is " + beta);
    }
  }

  /**
   * Reads and writes {@code beta}, {@code loss_type} and {@code label_smoothing} of {@code
   * adapter.training}; names and defaults are those of TRL's {@code DPOConfig} and {@code
   * ORPOConfig}.
   */
  static final class Json {
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

    private Json() {}

    /** Returns null if the objective does not learn from pairs. */
    static @Nullable Preference read(
        Fields training, Objective objective, HyperparameterAliases aliases) {
      LossType lossType = training.choice("loss_type", LossType.class, NOT_YET);
      Double smoothing = training.number("label_smoothing", 0, 0.499);
      Double explicit = training.number("beta", 1e-6, 1000, "typical values are 0.01 to 0.5");
      double beta = AdapterMethods.agree(training, "beta", explicit, aliases.beta(), "beta", 0.1);
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
                .put("loss_type", dpo.lossType().wireName())
                .put("label_smoothing", dpo.labelSmoothing());
      }
    }
  }
}
