package dev.graft.spec;

/** How pairs of a chosen and a rejected answer are learned from; names are TRL's. */
public sealed interface Preference {
  /** Weight of the preference. */
  double beta();

  /**
   * Direct preference optimisation (Rafailov et al. 2023), with the base model, the adapter off, as
   * reference.
   *
   * @param labelSmoothing probability that a pair is the wrong way round: conservative DPO with
   *     {@code SIGMOID}, corrected for with {@code ROBUST}; else 0
   */
  record Dpo(LossType lossType, double beta, double labelSmoothing) implements Preference {
    public Dpo {
      requirePositive(beta);
      if (!(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
        throw new IllegalArgumentException("label_smoothing must be in [0, 0.5)");
      }
      if (labelSmoothing > 0 && !lossType.smooths()) {
        throw new IllegalArgumentException("label_smoothing is for sigmoid and robust only");
      }
    }
  }

  /** TRL's {@code loss_type}. */
  enum LossType {
    /** -log sigmoid(beta margin). */
    SIGMOID,
    /** SLiC (Zhao et al. 2023): max(0, 1 - beta margin). */
    HINGE,
    /** Identity preference optimisation (Azar et al. 2023), over log-ratios a token. */
    IPO,
    /** Robust DPO (Chowdhury et al. 2024). */
    ROBUST;

    /** Whether {@code label_smoothing} means something. */
    public boolean smooths() {
      return this == SIGMOID || this == ROBUST;
    }
  }

  /**
   * Odds-ratio preference optimisation (Hong et al. 2024): the loss of the chosen text, and beta
   * times that of the odds; no reference.
   */
  record Orpo(double beta) implements Preference {
    public Orpo {
      requirePositive(beta);
    }
  }

  private static void requirePositive(double beta) {
    if (!(beta > 0 && beta <= 1000)) {
      throw new IllegalArgumentException("beta must be in (0, 1000], is " + beta);
    }
  }
}
