package dev.graft.training;

import dev.graft.model.TorchGenerator;
import dev.graft.spec.ExportForm.Combination;
import dev.graft.spec.ExportForm.Combination.MajoritySign;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Several tensors of one shape as one, number by number: what PEFT's {@code merge_utils} computes,
 * in f32.
 *
 * @param random what DARE draws from: in PEFT's order the draws are PEFT's
 */
record TensorMerge(Combination how, TorchGenerator random) {
  /**
   * @param tensors each is pruned before the next one is asked for: whole updates are large
   * @param weights one for each
   */
  float[] of(Stream<float[]> tensors, float[] weights) {
    List<float[]> pruned = tensors.map(this::pruned).toList();
    return how.type().elects() ? disjoint(pruned, weights) : sum(pruned, weights);
  }

  private float[] pruned(float[] tensor) {
    if (!how.type().prunes() || how.density() >= 1) return tensor;
    return how.type().draws() ? dropped(tensor) : largest(tensor);
  }

  /** Each number stays with the probability of the density, and is scaled up for those that go. */
  private float[] dropped(float[] tensor) {
    float density = (float) how.density();
    float[] kept = new float[tensor.length];
    for (int i = 0; i < kept.length; i++) {
      if (random.uniform() < density) kept[i] = tensor[i] / density;
    }
    return kept;
  }

  private float[] largest(float[] tensor) {
    int count = (int) (how.density() * tensor.length);
    float[] kept = new float[tensor.length];
    if (count == 0) return kept;
    float[] sorted = new float[tensor.length];
    for (int i = 0; i < sorted.length; i++) sorted[i] = Math.abs(tensor[i]);
    Arrays.sort(sorted);
    float least = sorted[sorted.length - count];
    int equals = count;
    for (float each : tensor) if (Math.abs(each) > least) equals--;
    for (int i = 0; i < kept.length; i++) {
      float size = Math.abs(tensor[i]);
      if (size > least || (size == least && equals-- > 0)) kept[i] = tensor[i];
    }
    return kept;
  }

  private static float[] sum(List<float[]> tensors, float[] weights) {
    float[] sum = new float[tensors.getFirst().length];
    for (int k = 0; k < weights.length; k++) {
      float[] tensor = tensors.get(k);
      for (int i = 0; i < sum.length; i++) sum[i] += weights[k] * tensor[i];
    }
    return sum;
  }

  /** The mean of the weighted numbers that have the sign which most have. */
  private float[] disjoint(List<float[]> tensors, float[] weights) {
    float[] merged = new float[tensors.getFirst().length];
    for (int i = 0; i < merged.length; i++) {
      float vote = 0;
      for (float[] each : tensors) {
        vote += how.majoritySign() == MajoritySign.TOTAL ? each[i] : Math.signum(each[i]);
      }
      float majority = vote >= 0 ? 1 : -1;
      int agreeing = 0;
      for (int k = 0; k < weights.length; k++) {
        float number = tensors.get(k)[i];
        if (Math.signum(number) != majority) continue;
        merged[i] += weights[k] * number;
        agreeing++;
      }
      merged[i] /= Math.max(agreeing, 1);
    }
    return merged;
  }
}
