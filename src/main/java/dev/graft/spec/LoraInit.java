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
    };
  }
}
