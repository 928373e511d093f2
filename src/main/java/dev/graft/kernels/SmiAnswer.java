package dev.graft.kernels;

/** What {@code nvidia-smi} answered. */
sealed interface SmiAnswer {
  /** There is no such program. */
  record Missing() implements SmiAnswer {}

  /**
   * It did not tell.
   *
   * @param said its first line
   */
  record Failed(String said) implements SmiAnswer {}

  /**
   * @param rows of {@link NvidiaSmi#FIELDS}, one line a GPU
   * @param list of {@code nvidia-smi -L}, which alone names the parts of a GPU
   */
  record Told(String rows, String list) implements SmiAnswer {}
}
