package dev.graft.training.model.forward;

import dev.graft.training.model.device.Upload;
import dev.graft.weights.config.rope.Rope;
import java.util.Arrays;

/** Cosines and sines of rotary positions, computed once up to the longest row so far. */
final class RopeTable {
  private final Rope rope;
  private float[] frequencies = {};
  private float factor;
  private float[] cos = {};
  private float[] sin = {};

  RopeTable(Rope rope) {
    this.rope = rope;
  }

  /**
   * Makes the tables for a batch.
   *
   * @param positions largest position + 1, which some ropes depend on
   */
  void prepare(int positions) {
    if (frequencies.length == 0 || rope.dependsOnPositions()) {
      float[] now = rope.inverseFrequencies(positions);
      float times = rope.attentionFactor(positions);
      if (times != factor || !Arrays.equals(now, frequencies)) {
        frequencies = now;
        factor = times;
        cos = new float[0];
        sin = new float[0];
      }
    }
    grow(positions);
  }

  /** (tokens, half of the turned features) of positions behind {@code past} others. */
  int cos(Upload upload, int past, int[] positions) {
    return rows(upload, cos, past, positions);
  }

  /** (tokens, half of the turned features) of positions behind {@code past} others. */
  int sin(Upload upload, int past, int[] positions) {
    return rows(upload, sin, past, positions);
  }

  private int rows(Upload upload, float[] table, int past, int[] positions) {
    int half = frequencies.length;
    float[] values = new float[Math.multiplyExact(positions.length, half)];
    for (int i = 0; i < positions.length; i++) {
      System.arraycopy(table, (past + positions[i]) * half, values, i * half, half);
    }
    return upload.add(values, positions.length, half);
  }

  private void grow(int positions) {
    int half = frequencies.length;
    int from = cos.length / half;
    if (positions <= from) return;
    cos = Arrays.copyOf(cos, positions * half);
    sin = Arrays.copyOf(sin, positions * half);
    for (int p = from; p < positions; p++) {
      for (int i = 0; i < half; i++) {
        float angle = p * frequencies[i]; // in f32, as the reference
        cos[p * half + i] = (float) Math.cos(angle) * factor;
        sin[p * half + i] = (float) Math.sin(angle) * factor;
      }
    }
  }
}
