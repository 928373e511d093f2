package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Expected numbers are those of {@code LlamaRotaryEmbedding} in transformers 5.24. */
class RopeTests {
  @Test
  void defaultFrequenciesAreTheReferencesToTheBit() {
    float[] frequencies = new Rope.Default(100_000, 64).inverseFrequencies(1);
    assertThat(frequencies).hasSize(32);
    assertThat(frequencies[1]).isEqualTo(0x1.654a0cp-1f);
    assertThat(frequencies[2]).isEqualTo(0x1.f2a79ep-2f);
    assertThat(frequencies[3]).isEqualTo(0x1.5bf9fep-2f);
  }

  @Test
  void llama3SlowsLongWavesBlendsTheMiddleAndKeepsTheShort() {
    float[] scaled = new Rope.Llama3(500_000, 64, 32, 1, 4, 8192).inverseFrequencies(1);
    float[] plain = new Rope.Default(500_000, 64).inverseFrequencies(1);
    assertThat(scaled[14]).isEqualTo(plain[14]);
    assertThat(scaled[15]).isBetween(0.0012905f, 0.0012906f);
    assertThat(scaled[17]).isBetween(9.708286e-5f, 9.708288e-5f);
    assertThat(scaled[18]).isEqualTo(plain[18] / 32);
  }
}
