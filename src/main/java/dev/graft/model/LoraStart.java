package dev.graft.model;

import dev.graft.spec.LoraInit;
import dev.graft.weights.NamedTensor;

/** Starts of LoRA's factors that need nothing but random numbers. */
final class LoraStart {
  static final String WEIGHT = ".weight";
  static final String A = ".lora_A.weight";
  static final String B = ".lora_B.weight";
  static final String BIAS = ".lora_B.bias";

  /** What comes between a module's path and the names of the factors that its weight lost. */
  static final String INITIAL = ".initial";

  private LoraStart() {}

  /**
   * PEFT's start: A uniform within 1/sqrt(in), B and its bias zero; gaussian, A has deviation 1/r;
   * random, B and its bias are uniform within 1/sqrt(r).
   *
   * @param r rank of the slot's module
   */
  static NamedTensor of(LoraInit init, Slot slot, int r, long seed) {
    boolean a = slot.name().endsWith(A);
    double bound = 1 / Math.sqrt(a ? slot.shape()[1] : r);
    return switch (init) {
      // the factors that EVA finds come later
      case LoraInit.Standard _, LoraInit.Eva _ ->
          a ? Starts.uniform(slot, bound, seed) : Starts.zeros(slot);
      case LoraInit.Random() -> Starts.uniform(slot, bound, seed);
      case LoraInit.Gaussian() -> a ? Starts.normal(slot, 1.0 / r, seed) : Starts.zeros(slot);
      case LoraInit.Orthogonal _, LoraInit.Pissa _, LoraInit.Olora _, LoraInit.Loftq _ ->
          throw new IllegalStateException(init + " needs linear algebra");
    };
  }
}
