package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.weights.NamedTensor;
import java.util.Arrays;

/** Greedy continuations of the trained model, without a cache: the most likely token, again. */
final class GreedyContinuation {
  private GreedyContinuation() {}

  /** Leaves the model with its factors B at zero. */
  static void compare(GoldenCase golden, TrainableModel model, GoldenResult.Collector result) {
    if (golden.generations().isEmpty()) return;
    boolean adapted = true;
    for (GoldenCase.Generation each : golden.generations()) {
      adapted &= Arrays.equals(each.withAdapter(), continued(model, each.prompt()));
    }
    model.load(model.trained().stream().map(GreedyContinuation::withoutEffect).toList());
    boolean base = true;
    for (GoldenCase.Generation each : golden.generations()) {
      base &= Arrays.equals(each.adapterDisabled(), continued(model, each.prompt()));
    }
    result.require("generation", adapted && base);
  }

  private static NamedTensor withoutEffect(NamedTensor tensor) {
    if (!tensor.name().endsWith(".lora_B.weight")) return tensor;
    return NamedTensor.of(
        tensor.name(), tensor.dtype(), new byte[tensor.toBytes().length], tensor.shape());
  }

  private static int[] continued(TrainableModel model, int[] prompt) {
    int[] ids = prompt;
    for (int i = 0; i < 16; i++) {
      float[][] rows = model.logits(new int[][] {ids})[0];
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = largest(rows[ids.length - 2]);
    }
    return Arrays.copyOfRange(ids, prompt.length, ids.length);
  }

  private static int largest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
    return best;
  }
}
