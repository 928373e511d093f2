package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.weights.Rope;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cosines and sines of rotary positions on the device, computed once up to the longest row so far.
 */
final class RopeTable implements AutoCloseable {
  private static final int FEWEST = 256;

  private final Rope rope;
  private final DeviceMemory memory;
  private float[] frequencies = {};
  private float factor;
  private int positions;
  private @Nullable PtNDManager scope;
  private List<PtNDArray> tables = List.of();

  RopeTable(Rope rope, DeviceMemory memory) {
    this.rope = rope;
    this.memory = memory;
  }

  /**
   * Tables for a batch, each (at least {@code longest}, half of the turned features): cosines and
   * sines.
   *
   * @param longest largest position + 1, which some ropes depend on
   */
  List<PtNDArray> tables(int longest) {
    if (frequencies.length == 0 || rope.dependsOnPositions()) {
      float[] now = rope.inverseFrequencies(longest);
      float times = rope.attentionFactor(longest);
      if (times != factor || !Arrays.equals(now, frequencies)) {
        frequencies = now;
        factor = times;
        positions = 0;
      }
    }
    if (longest > positions) make(longest);
    return tables;
  }

  /** Twice as many as there are at least, so that a text that grows makes them seldom. */
  private void make(int longest) {
    positions = Math.max(longest, Math.max(FEWEST, 2 * positions));
    int half = frequencies.length;
    float[] cos = new float[Math.multiplyExact(positions, half)];
    float[] sin = new float[cos.length];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < half; i++) {
        float angle = p * frequencies[i]; // in f32, as the reference
        cos[p * half + i] = (float) Math.cos(angle) * factor;
        sin[p * half + i] = (float) Math.sin(angle) * factor;
      }
    }
    close();
    scope = memory.scope();
    Upload upload = new Upload();
    upload.add(cos, positions, half);
    upload.add(sin, positions, half);
    tables = upload.send(memory, scope);
  }

  @Override
  public void close() {
    if (scope != null) scope.close();
    scope = null;
  }
}
