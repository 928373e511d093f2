package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.weights.BitsAndBytesFormat.QuantState;
import dev.graft.weights.FourBitTensor.FourBitType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FourBitTensorTests {
  private static final SplittableRandom RANDOM = new SplittableRandom(11);

  private static FourBitTensor quantise(float[] values, FourBitType type, boolean nested) {
    var info = new TensorInfo("w", Dtype.F32, new long[] {values.length});
    return FourBitTensor.quantise(info, values, type, nested);
  }

  private static float[] random(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) values[i] = (float) RANDOM.nextGaussian();
    return values;
  }

  @ParameterizedTest
  @EnumSource
  void aNumberInTheMiddleOfTwoLevelsGoesDownAndTheNextOneUp(FourBitType type) {
    float[] levels = type.levels();
    float[] sorted = levels.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < 15; i++) {
      float middle = (sorted[i] + sorted[i + 1]) / 2;
      assertThat(levels[type.code(Math.nextDown(middle))]).isEqualTo(sorted[i]);
      assertThat(levels[type.code(middle)]).isEqualTo(sorted[i]);
      assertThat(levels[type.code(Math.nextUp(middle))]).isEqualTo(sorted[i + 1]);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anySizeComesBackWithinHalfAGapOfItsBlock(FourBitType type) {
    for (int size : new int[] {1, 2, 63, 64, 65, 127, 129, 1000, 65_536, 65_537, 200_001}) {
      float[] values = random(size);
      FourBitTensor weight = quantise(values, type, false);
      assertThat(weight.packed()).hasSize((size + 1) / 2);
      assertThat(weight.absmax().values()).hasSize((size + 63) / 64);
      float[] back = weight.toFloats();
      for (int i = 0; i < size; i++) {
        float scale = weight.absmax().values()[i / 64];
        assertThat(Math.abs(back[i] - values[i])).isLessThanOrEqualTo(0.1667f * scale);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void constantBlocksAndZerosComeBackExactly(FourBitType type) {
    float[] values = new float[200];
    Arrays.fill(values, 0, 64, -0.3f);
    Arrays.fill(values, 64, 128, 7e-30f);
    assertThat(quantise(values, type, false).toFloats()).containsExactly(values);
  }

  @Test
  void whatIsOnALevelStaysThereHoweverOftenItIsQuantised() {
    float[] values = quantise(random(5000), FourBitType.NF4, false).toFloats();
    assertThat(quantise(values, FourBitType.NF4, false).toFloats()).containsExactly(values);
  }

  @Test
  void doubleQuantisationKeepsTheScalesToTheSecondDigit() {
    float[] values = random(300 * 64);
    float[] plain = quantise(values, FourBitType.NF4, false).absmax().values();
    float[] nested = quantise(values, FourBitType.NF4, true).absmax().values();
    assertThat(nested).hasSameSizeAs(plain);
    for (int i = 0; i < plain.length; i++) {
      assertThat(Math.abs(nested[i] - plain[i])).isLessThan(0.02f * plain[i]);
    }
  }

  @Test
  void infinityAndNanAreRefusedByName() {
    for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      float[] values = random(100);
      values[70] = bad;
      assertThatThrownBy(() -> quantise(values, FourBitType.NF4, false))
          .isInstanceOf(BadModel.class)
          .hasMessageContaining("tensor w contains infinity or NaN");
    }
  }

  @Test
  void theStateReadsAsItWasWritten() {
    for (float offset : new float[] {2.5f, 1e-7f, 0.135542f, 3e20f, 1f / 3}) {
      var nested = new QuantState.Nested(256, offset);
      var state = new QuantState(FourBitType.FP4, 64, Dtype.BF16, new long[] {3, 5}, nested);
      assertThat(QuantState.parse("s", state.json())).usingRecursiveComparison().isEqualTo(state);
    }
  }

  @Test
  void numbersAreWrittenAsPythonWritesThem() {
    assertThat(QuantState.pythonFloat(2.5)).isEqualTo("2.5");
    assertThat(QuantState.pythonFloat(3)).isEqualTo("3.0");
    assertThat(QuantState.pythonFloat(0.0001)).isEqualTo("0.0001");
    assertThat(QuantState.pythonFloat(0.00001234)).isEqualTo("1.234e-05");
    assertThat(QuantState.pythonFloat(1e16)).isEqualTo("1e+16");
    assertThat(QuantState.pythonFloat(-123456789.5)).isEqualTo("-123456789.5");
    assertThat(QuantState.pythonFloat(0)).isEqualTo("0.0");
  }

  @Test
  void aStateThatBitsandbytesWouldNotWriteIsRefused() {
    String good = "{'quant_type':'nf4','blocksize':64,'dtype':'float32','shape':[2,2]}";
    for (String[] change :
        new String[][] {
          {"nf4", "int4", "quant_type"},
          {"64", "63", "blocksize"},
          {"float32", "float8", "dtype"},
          {"[2,2]", "[2,-2]", "shape"},
        }) {
      byte[] json =
          good.replace(change[0], change[1]).replace('\'', '"').getBytes(StandardCharsets.UTF_8);
      assertThatThrownBy(() -> QuantState.parse("w.state", json))
          .isInstanceOf(BadModel.class)
          .hasMessageContaining("tensor w.state: " + change[2]);
    }
  }
}
