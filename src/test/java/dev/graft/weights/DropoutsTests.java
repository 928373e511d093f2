package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** Names and defaults are those of transformers' configuration classes. */
class DropoutsTests {
  private static ModelConfig.Dropouts read(ModelType type, String json) {
    var node = JsonMapper.shared().readTree(json.replace('\'', '"'));
    return ModelConfig.Dropouts.read(type, new JsonFields("config.json", "", node));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GPT2 | {} | 0.1 0.1 0.1 0.1 0",
        "GPT2 | {'embd_pdrop': 0.2, 'attn_pdrop': 0.3, 'resid_pdrop': 0.4} | 0.2 0.3 0.4 0.4 0",
        "GPT_NEOX | {'hidden_dropout': 0.2, 'attention_dropout': 0.3} | 0.2 0.3 0.2 0.2 0",
        "BERT | {} | 0.1 0.1 0.1 0.1 0.1",
        "ROBERTA | {'hidden_dropout_prob': 0.2, 'classifier_dropout': null} | 0.2 0.1 0.2 0.2 0.2",
        "BERT | {'classifier_dropout': 0.4} | 0.1 0.1 0.1 0.1 0.4",
        "DISTILBERT | {} | 0.1 0.1 0 0.1 0.2",
        "PHI3 | {'resid_pdrop': 0.1, 'embd_pdrop': 0.2} | 0 0 0.1 0.1 0",
        "LLAMA | {'attention_dropout': 0.1} | 0 0.1 0 0 0",
        "QWEN3 | {} | 0 0 0 0 0",
      })
  void everyFamilyHasItsOwnNames(ModelType type, String json, String expected) {
    ModelConfig.Dropouts of = read(type, json);
    assertThat(
            "%s %s %s %s %s"
                .formatted(
                    of.embedding(),
                    of.attention(),
                    of.attentionOutput(),
                    of.feedForward(),
                    of.head())
                .replace("0.0", "0"))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"1", "1.5", "-0.1"})
  void aProbabilityThatLeavesNothingIsRefused(String probability) {
    assertThatThrownBy(() -> read(ModelType.GPT2, "{'attn_pdrop': %s}".formatted(probability)))
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("attn_pdrop");
  }
}
