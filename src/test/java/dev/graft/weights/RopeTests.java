package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.weights.DecoderConfig.LayerAttention;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/**
 * Expected numbers are {@code inv_freq} and {@code attention_scaling} of {@code
 * LlamaRotaryEmbedding}, {@code Phi3RotaryEmbedding} and {@code GPTNeoXRotaryEmbedding} in
 * transformers 5.24 after a call with that many positions.
 */
class RopeTests {
  /** One or two units in the last place: torch's vectorised power is not rounded correctly. */
  private static final double RELATIVE = 2.5e-7;

  @Test
  void defaultFrequenciesAreTheReferencesToTheBit() {
    float[] frequencies = new Rope.Default(100_000, 64).inverseFrequencies(1);
    assertThat(frequencies).hasSize(32);
    assertThat(frequencies[1]).isEqualTo(0x1.654a0cp-1f);
    assertThat(frequencies[2]).isEqualTo(0x1.f2a79ep-2f);
    assertThat(frequencies[3]).isEqualTo(0x1.5bf9fep-2f);
  }

  @ParameterizedTest(name = "{0} at {1} positions")
  @CsvSource(
      delimiter = '|',
      value = {
        "default|16|1|1 0.0376060307 0.00141421345 5.31829573e-05|8|64|"
            + "{'rope_theta': 500000.0}",
        "linear|16|1|0.333333343 0.0333333351 0.00333333318 0.000333333359|8|64|"
            + "{'rope_theta': 10000.0, 'factor': 3.0}",
        "dynamic|16|1|1 0.0693361238 0.00480749831 0.00033333333|8|8|"
            + "{'rope_theta': 10000.0, 'factor': 2.0}",
        "dynamic|8|1|1 0.100000001 0.00999999978 0.00100000005|8|8|"
            + "{'rope_theta': 10000.0, 'factor': 2.0}",
        "dynamic|100|1|1 0.133472338 0.0178148635 0.0023777911 0.000317369326 4.2360025e-05"
            + " 5.65389109e-06 7.54638052e-07|16|24|{'rope_theta': 500000.0, 'factor': 4.0}",
        "llama3|16|1|1 0.0130422562 0.00124999997 0.000125000006|8|64|{'rope_theta': 10000.0,"
            + " 'factor': 8.0, 'low_freq_factor': 1.0, 'high_freq_factor': 4.0,"
            + " 'original_max_position_embeddings': 64}",
        "yarn|16|1.13862944|1 0.316227764 0.0749999955 0.0158113893|8|256|{'rope_theta': 100.0,"
            + " 'factor': 4.0, 'beta_fast': 3.0, 'beta_slow': 0.25,"
            + " 'original_max_position_embeddings': 64}",
        "yarn|16|0.896873409|1 0.316227764 0.100000001 0.0239147246 0.00512499968 0.000849862176"
            + " 2.49999994e-05 7.90569447e-06|16|163840|{'rope_theta': 10000.0, 'factor': 40.0,"
            + " 'mscale': 0.707, 'mscale_all_dim': 1.1, 'original_max_position_embeddings': 4096}",
        "yarn|16|1.3|1 0.316227764 0.100000001 0.0219320506 0.00382121466 0.000223543582"
            + " 6.2500003e-05 1.97642366e-05|16|32768|{'rope_theta': 10000.0, 'factor': 16.0,"
            + " 'truncate': false, 'attention_factor': 1.3,"
            + " 'original_max_position_embeddings': 2048}",
      })
  void frequenciesAreThoseOfTransformers(
      String type,
      int positions,
      double attention,
      String expected,
      int headDim,
      int context,
      String json) {
    ObjectNode parameters = (ObjectNode) TinyModels.JSON.readTree(json.replace('\'', '"'));
    parameters.put("rope_type", type);
    DecoderConfig config =
        Families.decoder(
            "llama",
            c ->
                c.put("head_dim", headDim)
                    .put("max_position_embeddings", context)
                    .set("rope_parameters", parameters));
    assertRope(rope(config), positions, attention, expected);
  }

  @Test
  void longRopeTakesTheLongFactorsBeyondTheOriginalContext() {
    Rope rope = rope((DecoderConfig) Families.read("phi3-longrope"));
    assertThat(rope.rotaryDim()).isEqualTo(6);
    assertThat(rope.dependsOnPositions()).isTrue();
    assertRope(rope, 12, 1.29369922, "1 0.0421962552 0.00165725732");
    assertRope(rope, 13, 1.29369922, "0.833333313 0.0185663532 0.000538608583");
  }

  @Test
  void neoXTurnsAQuarterOfEachHead() {
    assertRope(((GptNeoXConfig) Families.read("gpt-neox")).rope(), 5, 1, "1 0.00999999978");
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

  private static Rope rope(DecoderConfig config) {
    List<LayerAttention> layers = config.layers();
    assertThat(layers).containsOnly(layers.getFirst());
    return Objects.requireNonNull(layers.getFirst().rope());
  }

  private static void assertRope(Rope rope, int positions, double attention, String expected) {
    float[] frequencies = rope.inverseFrequencies(positions);
    String[] values = expected.split(" ");
    assertThat(frequencies).hasSameSizeAs(values).hasSize(rope.rotaryDim() / 2);
    for (int i = 0; i < values.length; i++) {
      double value = Double.parseDouble(values[i]);
      assertThat((double) frequencies[i])
          .as("pair %d", i)
          .isEqualTo(value, within(RELATIVE * value));
    }
    assertThat((double) rope.attentionFactor(positions))
        .isEqualTo(attention, within(1e-7 * attention));
  }
}
