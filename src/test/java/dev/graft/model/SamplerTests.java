package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.model.Sampling.Sampler;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplerTests {
  /** Probabilities 0.5, 0.25, 0.125, 0.125 at temperature 1. */
  private static final float[] LOGITS = logits(0.25, 0.5, 0.125, 0.125);

  @Test
  void temperatureZeroTakesTheLargestAndOfEqualOnesTheFirst() {
    assertThat(Sampling.GREEDY.sampler(0).next(LOGITS)).isEqualTo(1);
    assertThat(Sampling.GREEDY.sampler(0).next(new float[] {1, 7, 7, 2})).isEqualTo(1);
    assertThat(Sampling.GREEDY.sampler(0).next(new float[] {Float.NEGATIVE_INFINITY, -1e30f}))
        .isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 0.25, 0.5, 0.125",
    "0.5, 1, 0.181818, 0.727273, 0.045455",
    "1, 0.5, 0, 1, 0",
    "1, 0.6, 0.333333, 0.666667, 0",
    "1, 0.8, 0.285714, 0.571429, 0.142857",
    "1, 0, 0, 1, 0"
  })
  void tokensAreDrawnAsOftenAsTemperatureAndNucleusSay(
      double temperature, double topP, double first, double second, double third) {
    double[] share = shares(new Sampling(temperature, topP, 0, 0, Map.of(), 11), 20_000);
    assertThat(share[0]).isCloseTo(first, within(0.012));
    assertThat(share[1]).isCloseTo(second, within(0.012));
    assertThat(share[2]).isCloseTo(third, within(0.012));
    assertThat(share[3]).isCloseTo(1 - first - second - third, within(0.012));
  }

  @Test
  void aTinyTemperatureIsNearlyGreedy() {
    assertThat(shares(new Sampling(1e-9, 1, 0, 0, Map.of(), 3), 100)[1]).isEqualTo(1);
  }

  @Test
  void equalSeedsGiveEqualDrawsAndOtherSeedsAndChoicesDoNot() {
    int[] drawn = draws(5, 0);
    assertThat(draws(5, 0)).containsExactly(drawn);
    assertThat(draws(6, 0)).isNotEqualTo(drawn);
    assertThat(draws(5, 1)).isNotEqualTo(drawn);
  }

  @Test
  void penaltiesCountWhatWasSaid() {
    float[] logits = {3, 2.5f, 0};
    Sampler frequency = new Sampling(0, 1, 0.3, 0, Map.of(), 0).sampler(0);
    assertThat(IntStream.range(0, 6).map(i -> frequency.next(logits)))
        .containsExactly(0, 0, 1, 0, 1, 0);
    Sampler presence = new Sampling(0, 1, 0, 0.75, Map.of(), 0).sampler(0);
    assertThat(IntStream.range(0, 4).map(i -> presence.next(logits))).containsExactly(0, 1, 0, 0);
  }

  @Test
  void aBiasForcesOrForbidsAToken() {
    Sampling forced = new Sampling(1, 1, 0, 0, Map.of(3, 100.0), 1);
    assertThat(shares(forced, 100)[3]).isEqualTo(1);
    Sampling forbidden = new Sampling(1, 1, 0, 0, Map.of(1, -100.0), 1);
    assertThat(shares(forbidden, 1000)[1]).isZero();
  }

  @Test
  void logitsWithoutANumberAreNoChoice() {
    Sampler sampler = new Sampling(1, 1, 0, 0, Map.of(), 0).sampler(0);
    assertThatThrownBy(() -> sampler.next(new float[] {Float.NaN, Float.NaN}))
        .hasMessage("the model's logits are not finite");
    assertThatThrownBy(() -> sampler.next(new float[] {0, Float.POSITIVE_INFINITY}))
        .hasMessage("the model's logits are not finite");
  }

  private static int[] draws(long seed, int choice) {
    Sampler sampler = new Sampling(1, 1, 0, 0, Map.of(), seed).sampler(choice);
    return IntStream.range(0, 40).map(i -> sampler.next(LOGITS)).toArray();
  }

  private static double[] shares(Sampling sampling, int count) {
    Sampler sampler = sampling.sampler(0);
    double[] shares = new double[LOGITS.length];
    for (int i = 0; i < count; i++) shares[sampler.next(LOGITS)] += 1.0 / count;
    for (int i = 0; i < shares.length; i++) shares[i] = Math.round(shares[i] * 1e9) / 1e9;
    return shares;
  }

  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) logits[i] = (float) Math.log(probabilities[i]);
    return logits;
  }
}
