package dev.graft.training.tuner;

import dev.graft.spec.LoraInit;
import dev.graft.weights.NamedTensor;

/** Starts of LoRA's factors that need nothing but random numbers. */
final class LoraStart {
  static final String A = ".lora_A.weight";
  static final String B = ".lora_B.weight";

  private LoraStart() {}

  /**
   * PEFT's start: A uniform within 1/sqrt(in) and B zero; gaussian, A has deviation 1/r; random, B
   * is uniform within 1/sqrt(r).
   */
  static NamedTensor of(LoraInit init, Slot slot, long seed) {
    boolean b = slot.name().endsWith(B);
    return switch (init) {
      case LoraInit.Standard() -> b ? Starts.zeros(slot) : uniform(slot, seed);
      case LoraInit.Random() -> uniform(slot, seed);
      case LoraInit.Gaussian() ->
          b ? Starts.zeros(slot) : Starts.normal(slot, 1.0 / slot.shape()[0], seed);
      case LoraInit.Orthogonal _, LoraInit.Pissa _, LoraInit.Olora _ ->
          throw new IllegalArgumentException("init_lora_weights: not supported yet");
    };
  }

  private static NamedTensor uniform(Slot slot, long seed) {
    return Starts.uniform(slot, 1 / Math.sqrt(slot.shape()[1]), seed);
  }
}
