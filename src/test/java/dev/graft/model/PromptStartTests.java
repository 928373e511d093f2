package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Prompted.PromptTuning.Init;
import dev.graft.text.Tokenizer;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Starts that golden runs cannot see, as they read theirs. */
class PromptStartTests {
  private static final Path BASE = Path.of("src/main/resources/dev/graft/client/base-model");

  private static List<NamedTensor> start(AdapterMethod method, long seed) {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      return Tuner.of(method, base).start(seed);
    }
  }

  private static float[] table(ModelDirectory base) {
    return base.weights()
        .require(
            base.config().inputEmbedding(), base.config().vocabSize(), base.config().hiddenSize())
        .toFloats();
  }

  private static double deviation(float[] values) {
    double sum = 0;
    for (float each : values) sum += (double) each * each;
    return Math.sqrt(sum / values.length);
  }

  @Test
  void randomRowsAreStandardNormalAndFollowTheSeed() {
    PromptTuning method = new PromptTuning(200, new Init.Random());
    float[] rows = start(method, 1).getFirst().toFloats();
    double mean = 0;
    for (float each : rows) mean += each / (double) rows.length;
    assertThat(mean).isCloseTo(0, within(4 / Math.sqrt(rows.length)));
    assertThat(deviation(rows)).isCloseTo(1, within(4 / Math.sqrt(rows.length)));
    assertThat(start(method, 1).getFirst().toFloats()).containsExactly(rows);
    assertThat(start(method, 2).getFirst().toFloats()).isNotEqualTo(rows);
  }

  @Test
  void sampledRowsAreRowsOfTheTable() {
    float[] rows = start(new PromptTuning(50, new Init.SampleVocab()), 3).getFirst().toFloats();
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      int size = base.config().hiddenSize();
      float[] table = table(base);
      Set<Integer> seen = new HashSet<>();
      for (int i = 0; i < 50; i++) {
        float[] row = Arrays.copyOfRange(rows, i * size, (i + 1) * size);
        int id = 0;
        while (!Arrays.equals(row, Arrays.copyOfRange(table, id * size, (id + 1) * size))) id++;
        seen.add(id);
      }
      assertThat(seen).hasSizeGreaterThan(25);
    }
  }

  @Test
  void aTextIsRepeatedAndCut() {
    String text = "Answer with one word.";
    float[] rows = start(new PromptTuning(64, new Init.Text(text)), 3).getFirst().toFloats();
    try (ModelDirectory base = ModelDirectory.open(BASE);
        Tokenizer tokenizer = Tokenizer.load(BASE)) {
      int size = base.config().hiddenSize();
      int[] ids = tokenizer.ids(text);
      float[] table = table(base);
      for (int i = 0; i < 64; i++) {
        int id = ids[i % ids.length];
        assertThat(Arrays.copyOfRange(rows, i * size, (i + 1) * size))
            .containsExactly(Arrays.copyOfRange(table, id * size, (id + 1) * size));
      }
    }
  }

  /** torch's: rows N(0, 1), linear layers within 1/sqrt(in), an LSTM within 1/sqrt(hidden). */
  @Test
  void encodersStartAsTorchsModules() {
    for (NamedTensor each : start(new PTuning(100, PTuning.Encoder.LSTM, 64, 2), 5)) {
      int features = 2 * 64;
      if (each.name().contains("embedding")) {
        assertThat(deviation(each.toFloats())).isCloseTo(1, within(0.05));
      } else {
        double bound = 1 / Math.sqrt(each.name().contains("lstm") ? 64 : features);
        float[] values = each.toFloats();
        float largest = 0;
        for (float value : values) largest = Math.max(largest, Math.abs(value));
        assertThat((double) largest).as(each.name()).isBetween(0.8 * bound, bound);
        assertThat(deviation(values)).isCloseTo(bound / Math.sqrt(3), within(0.15 * bound));
      }
    }
  }

  @Test
  void aZeroPrefixIsZero() {
    assertThat(start(new PrefixTuning(3, false, null, true), 1).getFirst().toFloats())
        .containsOnly(0);
    List<NamedTensor> projected = start(new PrefixTuning(3, true, 8, true), 1);
    assertThat(projected.get(0).toFloats()).doesNotContain(0);
    assertThat(projected.get(3).toFloats()).containsOnly(0);
    assertThat(projected.get(4).toFloats()).containsOnly(0);
  }

  @Test
  void whatAnEncoderComputedIsNotEnoughToGoOn() {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      Tuner tuner = Tuner.of(new PTuning(3, PTuning.Encoder.MLP, null, 2), base);
      assertThatThrownBy(() -> tuner.read(List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("its training cannot continue");
    }
  }
}
