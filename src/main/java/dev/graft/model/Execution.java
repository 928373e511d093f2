package dev.graft.model;

import dev.graft.spec.Precision;

/**
 * Where and how a model is computed.
 *
 * @param device as libtorch calls it: {@code cpu}, {@code cuda:0} and so on
 * @param precision of products with the weights of the base
 * @param autocast whether products with the factors of low-rank paths have it, too
 * @param threads inside an operation. The number is the process's: the newest holds; 0 = as it is,
 *     at first one per processor. A run never gives 0: {@code RunRequest.Machine}'s, as many as
 *     there are, is made a number by {@code TrainingRun.threads()}
 */
public record Execution(
    String device, Precision precision, boolean autocast, ComputePlan plan, int threads) {
  public static final String CPU = "cpu";

  public Execution {
    if (threads < 0) throw new IllegalArgumentException("threads must be >= 0");
  }

  /** Low-rank paths are in f32. */
  public Execution(String device, Precision precision, ComputePlan plan, int threads) {
    this(device, precision, false, plan, threads);
  }

  /** Whether weights lie there twice, see {@link ComputePlan#turnedWeights}. */
  public boolean turnsWeights() {
    return plan.turnedWeights() && device.equals(CPU) && precision == Precision.F32;
  }

  /** On the CPU, with the threads that there are. */
  public static Execution cpu(Precision precision, ComputePlan plan) {
    return new Execution(CPU, precision, plan, 0);
  }
}
