package dev.graft.training.model;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.Arrays;

/** Cosines and sines of rotary positions, computed once up to the longest row so far. */
final class RopeTable {
  private final float[] frequencies;
  private float[] cos = {};
  private float[] sin = {};

  RopeTable(float[] inverseFrequencies) {
    frequencies = inverseFrequencies;
  }

  /** (tokens, half a head) of positions {@code start .. start + tokens}. */
  PtNDArray cos(PtNDManager owner, int start, int tokens) {
    grow(start + tokens);
    return slice(owner, cos, start, tokens);
  }

  /** (tokens, half a head) of positions {@code start .. start + tokens}. */
  PtNDArray sin(PtNDManager owner, int start, int tokens) {
    grow(start + tokens);
    return slice(owner, sin, start, tokens);
  }

  private PtNDArray slice(PtNDManager owner, float[] table, int start, int tokens) {
    int half = frequencies.length;
    float[] values = Arrays.copyOfRange(table, start * half, (start + tokens) * half);
    return (PtNDArray) owner.create(values, new Shape(tokens, half));
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
        cos[p * half + i] = (float) Math.cos(angle);
        sin[p * half + i] = (float) Math.sin(angle);
      }
    }
  }
}
