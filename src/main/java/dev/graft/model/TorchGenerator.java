package dev.graft.model;

import dev.graft.weights.NamedTensor;

/**
 * Random numbers as {@code torch.Generator("cpu").manual_seed(seed)} gives them: MT19937 (Matsumoto
 * and Nishimura 1998). PEFT defines some tensors by a seed alone.
 */
public final class TorchGenerator {
  private static final int SIZE = 624;
  private static final int MIDDLE = 397;

  private final int[] state = new int[SIZE];
  private int next = SIZE;

  public TorchGenerator(int seed) {
    state[0] = seed;
    for (int i = 1; i < SIZE; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** Returns 32 random bits. */
  int bits() {
    if (next == SIZE) renew();
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  private void renew() {
    for (int i = 0; i < SIZE; i++) {
      int y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + MIDDLE) % SIZE] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
    }
    next = 0;
  }

  /** Draws as {@code uniform_()} and {@code bernoulli} of f32 do: 24 bits, in [0, 1). */
  public float uniform() {
    return (bits() & 0xffffff) * 0x1p-24f;
  }

  /**
   * Draws as {@code uniform_(-bound, bound)} of f32 does: 24 bits, scaled by one fused
   * multiply-add.
   */
  NamedTensor uniform(Slot slot, double bound) {
    float low = (float) -bound;
    float width = (float) bound - low;
    float[] values = new float[Math.toIntExact(slot.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.fma(uniform(), width, low);
    }
    return NamedTensor.of(slot.name(), values, slot.shape());
  }
}
