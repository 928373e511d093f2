package dev.graft.model;

import dev.graft.spec.Precision;

/**
 * The device and the numerical settings of a model.
 *
 * @param device by libtorch's name: {@code cpu}, {@code cuda:0} and so on
 * @param precision of products with the base's weights
 * @param autocast whether products with the factors of low-rank paths also have that precision
 * @param threads inside an operation. The number is that of the process, and the latest setting
 *     applies; 0 = unchanged, initially one per processor. A run never gives 0: {@code
 *     RunRequest.Machine}'s, as many as there are, is made a number by {@code
 *     TrainingRun.threads()}
 */
public record Execution(
    String device, Precision precision, boolean autocast, ComputePlan plan, int threads) {
  public static final String CPU = "cpu";

  public Execution {
    if (threads < 0) throw new IllegalArgumentException("threads must be >= 0");
  }

  /** An execution with low-rank paths in f32. */
  public Execution(String device, Precision precision, ComputePlan plan, int threads) {
    this(device, precision, false, plan, threads);
  }

  /**
   * Returns whether transposed copies of weights are held, see {@link ComputePlan#turnedWeights}.
   */
  public boolean turnsWeights() {
    return plan.turnedWeights() && device.equals(CPU) && precision == Precision.F32;
  }

  /** Returns an execution on the CPU with the current number of threads. */
  public static Execution cpu(Precision precision, ComputePlan plan) {
    return new Execution(CPU, precision, plan, 0);
  }
}
