package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.weights.DecoderConfig.LayerAttention;
import dev.graft.weights.Task.Problem;
import dev.graft.weights.Task.SequenceClassification;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/** Older spellings and absent fields mean what transformers takes them for. */
class ConfigSpellingTests {
  @Test
  void version4AndVersion5AreOneConfiguration() {
    assertThat(Families.read("llama31-v4")).isEqualTo(Families.read("llama31"));
    assertThat(Families.read("gemma3-v4")).isEqualTo(Families.read("gemma3"));
  }

  @ParameterizedTest
  @CsvSource({
    "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "olmo2", "granite", "smollm3"
  })
  void theBaseOfTheRotationMayStandOutside(String family) {
    assertThat(Families.read(family, ConfigSpellingTests::version4))
        .isEqualTo(Families.read(family));
  }

  @Test
  void neoXHasNamesOfItsOwnForTheRotation() {
    ModelConfig old =
        Families.read(
            "gpt-neox",
            c -> {
              c.remove("rope_parameters");
              c.put("rotary_emb_base", 10_000).put("rotary_pct", 0.25).putNull("rope_scaling");
            });
    assertThat(old).isEqualTo(Families.read("gpt-neox"));
    GptNeoXConfig half =
        (GptNeoXConfig)
            Families.read("gpt-neox", c -> c.without("rope_parameters").put("rotary_pct", 0.5));
    assertThat(half.rope()).isEqualTo(new Rope.Default(10_000, 8));
  }

  @Test
  void phi3CallsItsLongRopeInThreeWays() {
    for (String type : List.of("su", "yarn", "longrope")) {
      ModelConfig old =
          Families.read(
              "phi3-longrope",
              c -> {
                ObjectNode scaling = version4(c);
                scaling.remove("original_max_position_embeddings");
                scaling.remove("partial_rotary_factor");
                scaling.put("type", type);
                scaling.remove("rope_type");
              });
      assertThat(old).isEqualTo(Families.read("phi3-longrope"));
    }
  }

  @Test
  void gemmaMeansTheTanhFormWhenItSaysGelu() {
    ModelConfig old =
        Families.read("gemma", c -> c.put("hidden_act", "gelu").putNull("hidden_activation"));
    assertThat(old).isEqualTo(Families.read("gemma"));
  }

  @Test
  void absentAndNullAreDifferentThings() {
    DecoderConfig absent =
        Families.decoder(
            "gemma2", c -> c.remove(List.of("attn_logit_softcapping", "final_logit_softcapping")));
    assertThat(absent.attention().softcap()).isEqualTo(50);
    assertThat(absent.multipliers().logitSoftcap()).isEqualTo(30);
    DecoderConfig none =
        Families.decoder(
            "gemma2", c -> c.putNull("attn_logit_softcapping").putNull("final_logit_softcapping"));
    assertThat(none.attention().softcap()).isZero();
    assertThat(none.multipliers().logitSoftcap()).isZero();
    assertThat(windows(Families.decoder("mistral", c -> c.remove("sliding_window"))))
        .containsExactly(4096, 4096);
    assertThat(windows(Families.decoder("mistral", c -> c.putNull("sliding_window"))))
        .containsExactly(0, 0);
  }

  @Test
  void withoutLayerTypesTheFamilyHasItsPattern() {
    assertThat(windows(Families.decoder("gemma2", c -> four(c).remove("layer_types"))))
        .containsExactly(6, 0, 6, 0);
    assertThat(
            windows(
                Families.decoder(
                    "gemma3",
                    c -> four(c).remove(List.of("layer_types", "sliding_window_pattern")))))
        .containsExactly(6, 6, 6, 6);
    assertThat(
            windows(
                Families.decoder(
                    "qwen2",
                    c -> {
                      four(c).put("use_sliding_window", true).put("sliding_window", 5);
                      c.put("max_window_layers", 3).remove("layer_types");
                    })))
        .containsExactly(0, 0, 0, 5);
    assertThat(
            windows(
                Families.decoder(
                    "qwen3", c -> four(c).put("sliding_window", 5).remove("layer_types"))))
        .containsExactly(0, 0, 0, 0);
  }

  @Test
  void smolLm3LeavesOutTheRotationOfEveryFourthLayer() {
    DecoderConfig config =
        Families.decoder("smollm3", c -> four(c).remove(List.of("layer_types", "no_rope_layers")));
    assertThat(config.layers().stream().map(layer -> layer.rope() != null))
        .containsExactly(true, true, true, false);
    DecoderConfig windowed =
        Families.decoder(
            "smollm3",
            c -> {
              c.put("use_sliding_window", true).put("sliding_window", 5);
              c.remove("layer_types");
            });
    assertThat(windows(windowed)).containsExactly(0, 5);
  }

  @Test
  void biasesAreWhereTheFieldsOfTheFamilySay() {
    DecoderConfig llama =
        Families.decoder("llama", c -> c.put("attention_bias", true).put("mlp_bias", true));
    assertThat(llama.attention().bias()).isTrue();
    assertThat(llama.attention().outputBias()).isTrue();
    assertThat(llama.feedForward().bias()).isTrue();
    DecoderConfig qwen =
        Families.decoder("qwen2", c -> c.put("attention_bias", false).put("mlp_bias", true));
    assertThat(qwen).isEqualTo(Families.read("qwen2"));
  }

  @Test
  void parallelResidualMayBeOff() {
    GptNeoXConfig config =
        (GptNeoXConfig) Families.read("gpt-neox", c -> c.put("use_parallel_residual", false));
    assertThat(config.useParallelResidual()).isFalse();
  }

  @Test
  void labelsComeFromTheFileOrAreTwo() {
    ModelConfig named =
        Families.read("bert", c -> c.putObject("id2label").put("1", "good").put("0", "bad"));
    assertThat(named.task())
        .isEqualTo(
            new SequenceClassification(
                2, Problem.SINGLE_LABEL_CLASSIFICATION, List.of("bad", "good")));
    assertThat(Families.read("bert", c -> c.remove("id2label")).task())
        .isEqualTo(SequenceClassification.unnamed(2, Problem.SINGLE_LABEL_CLASSIFICATION));
    assertThat(Families.read("bert", c -> c.without("id2label").put("num_labels", 1)).task())
        .isEqualTo(SequenceClassification.unnamed(1, Problem.REGRESSION));
  }

  @ParameterizedTest
  @CsvSource({
    "bert, BertModel, true",
    "bert, BertForMaskedLM, true",
    "roberta, RobertaForMaskedLM, true",
    "xlm-roberta, XLMRobertaModel, true",
    "distilbert, DistilBertForMaskedLM, true",
    "llama, LlamaModel, true",
    "llama-tied, LlamaModel, false",
    "gemma3, Gemma3TextModel, false",
    "gemma3, Gemma3ForCausalLM, false",
    "gpt2, GPT2LMHeadModel, false",
    "gpt2, GPT2ForSequenceClassification, true",
    "gpt-neox, GPTNeoXForCausalLM, false",
  })
  void theClassSaysWhatTheModelIsFor(String family, String architecture, boolean classifies) {
    ModelConfig config = Families.read(family, c -> c.putArray("architectures").add(architecture));
    assertThat(config.task() instanceof SequenceClassification).isEqualTo(classifies);
  }

  @Test
  void aTaskNeedsAsManyLabelsAsOutputs() {
    assertThatThrownBy(() -> new SequenceClassification(3, Problem.REGRESSION, List.of("a", "b")))
        .hasMessage("3 outputs do not match 2 labels");
    assertThatThrownBy(() -> SequenceClassification.unnamed(1, Problem.SINGLE_LABEL_CLASSIFICATION))
        .hasMessageContaining("at least two");
  }

  /** Moves what version 5 has in rope_parameters to where version 4 had it. */
  private static ObjectNode version4(ObjectNode config) {
    ObjectNode rope = (ObjectNode) Objects.requireNonNull(config.remove("rope_parameters"));
    config.set("rope_theta", rope.remove("rope_theta"));
    config.set("rope_scaling", rope);
    config.set("torch_dtype", config.remove("dtype"));
    return rope;
  }

  private static ObjectNode four(ObjectNode config) {
    return config.put("num_hidden_layers", 4);
  }

  private static List<Integer> windows(DecoderConfig config) {
    return config.layers().stream().map(LayerAttention::window).toList();
  }
}
