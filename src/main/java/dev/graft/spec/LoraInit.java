package dev.graft.spec;

/** PEFT's {@code init_lora_weights}: how the factors of LoRA start. */
public sealed interface LoraInit {
  /** {@code true}: A uniform within 1/sqrt(in), B zero. */
  record Standard() implements LoraInit {}

  /** {@code false}: A and B random, so that the adapter changes the base from the first step. */
  record Random() implements LoraInit {}

  /** {@code "gaussian"}: A normal with deviation 1/r, B zero. */
  record Gaussian() implements LoraInit {}

  /** {@code "orthogonal"}: factors of orthogonal halves, whose product is zero. */
  record Orthogonal() implements LoraInit {}

  /**
   * {@code "pissa"} (Meng et al. 2024): the largest singular values; the base keeps the rest.
   *
   * @param iterations of the randomised decomposition, {@code "pissa_niter_4"}; 0 = exact
   */
  record Pissa(int iterations) implements LoraInit {}

  /** {@code "olora"} (Büyükakyüz 2024): a QR decomposition; the base keeps the rest. */
  record Olora() implements LoraInit {}

  /**
   * {@code "loftq"} (Li et al. 2023): the adapted layers of the base are quantised, and the factors
   * are a part of what that takes away.
   *
   * @param bits 4 (NF4) or 8
   * @param iterations how often quantisation and factors are found in turns
   */
  record Loftq(int bits, int iterations) implements LoraInit {
    public static final int MOST_ITERATIONS = 20;

    public Loftq {
      if (bits != 4 && bits != 8) throw new IllegalArgumentException("loftq_bits must be 4 or 8");
      if (iterations < 1 || iterations > MOST_ITERATIONS) {
        throw new IllegalArgumentException("loftq_iter must be 1.." + MOST_ITERATIONS);
      }
    }
  }

  /**
   * {@code "eva"} (Paischer et al. 2024): A is the directions in which the inputs of a module vary
   * most, by a look at the training data before the first step; B is zero. Names and defaults are
   * those of PEFT's {@code EvaConfig}.
   *
   * @param rho times its {@code r} a module may have ranks, at most
   * @param tau cosine between a direction and itself a batch later from which on it counts as found
   * @param useLabelMask only tokens whose label is not {@code labelMaskValue} are looked at
   * @param whiten directions are divided by the root of their singular value
   * @param adjustScalingFactors {@code lora_alpha} of a module grows and shrinks with its rank
   */
  record Eva(
      double rho,
      double tau,
      boolean useLabelMask,
      int labelMaskValue,
      boolean whiten,
      boolean adjustScalingFactors)
      implements LoraInit {
    public static final double MOST_RHO = 1000;

    public Eva {
      if (!(rho >= 1 && rho <= MOST_RHO)) {
        throw new IllegalArgumentException("rho must be 1.." + MOST_RHO);
      }
      if (!(tau >= 0 && tau <= 1)) throw new IllegalArgumentException("tau must be 0..1");
    }
  }

  /** PEFT's name, that of a boolean included. */
  default String wireName() {
    return switch (this) {
      case Standard() -> "true";
      case Random() -> "false";
      case Gaussian() -> "gaussian";
      case Orthogonal() -> "orthogonal";
      case Pissa(int iterations) -> iterations == 0 ? "pissa" : "pissa_niter_" + iterations;
      case Olora() -> "olora";
      case Loftq _ -> "loftq";
      case Eva _ -> "eva";
    };
  }

  /** Whether the factors are taken out of the base, which keeps the rest. */
  default boolean changesBase() {
    return switch (this) {
      case Standard() -> false;
      case Random() -> false;
      case Gaussian() -> false;
      case Orthogonal() -> false;
      case Pissa(int iterations) -> true;
      case Olora() -> true;
      case Loftq _ -> false;
      case Eva _ -> false;
    };
  }

  /** Whether whoever has the base can take the same out of it once more: nothing is random. */
  default boolean changesBaseRepeatably() {
    return changesBase() && !(this instanceof Pissa(int iterations) && iterations > 0);
  }
}
