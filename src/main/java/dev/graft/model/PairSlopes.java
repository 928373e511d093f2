package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.Orpo;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * What the loss of pairs changes by with the log-probability of each target, on the device.
 *
 * @param pairs that the means are over
 * @param text tokens of the chosen texts whose mean loss is part of the whole; 0 = it is not
 */
record PairSlopes(
    DeviceMemory memory,
    Preference preference,
    PairTargets targets,
    PairLogps reference,
    int pairs,
    long text) {
  /**
   * @param logps (targets)
   * @param scale of the loss
   * @return (targets)
   */
  PtNDArray of(PtNDManager scope, PtNDArray logps, double scale) {
    long completions = 2L * targets.pairs();
    long[] places = targets.places();
    Upload upload = new Upload();
    upload.add(places, completions, places.length / completions);
    upload.add(targets.owners(), targets.count());
    upload.add(both(counts(true), counts(false)), completions);
    upload.add(both(reference.chosen(), reference.rejected()), completions);
    upload.add(ofText(), targets.count());
    List<PtNDArray> sent = upload.send(memory, scope);
    double smoothing = preference instanceof Dpo dpo ? dpo.labelSmoothing() : 0;
    double[] settings = {preference.beta(), smoothing, 1.0 / pairs, scale};
    return memory
        .module()
        .call(
            scope,
            "preference_slopes",
            kind(),
            logps,
            sent.get(0),
            sent.get(1),
            sent.get(2),
            sent.get(3),
            sent.get(4),
            settings)
        .getFirst();
  }

  /** As the kernel calls it. */
  private String kind() {
    return switch (preference) {
      case Dpo dpo -> dpo.lossType().name().toLowerCase(Locale.ROOT);
      case Orpo _ -> "orpo";
    };
  }

  private double[] counts(boolean chosen) {
    return Arrays.stream(targets.tokens(chosen)).asDoubleStream().toArray();
  }

  private static double[] both(double[] chosen, double[] rejected) {
    return DoubleStream.concat(Arrays.stream(chosen), Arrays.stream(rejected)).toArray();
  }

  /** What the mean loss of the chosen text changes by with each target. */
  private double[] ofText() {
    double[] slopes = new double[targets.count()];
    for (int i = 0; i < slopes.length; i++) {
      if (text > 0 && targets.chosen(i)) slopes[i] = -1.0 / text;
    }
    return slopes;
  }
}
