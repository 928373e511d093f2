package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Ids and offsets by Python's tokenizers. */
class TokenizerGoldenTests {
  @Test
  void encodesAndDecodesEveryCase() {
    JsonNode golden = Golden.file("tokenizer-cases.json");
    try (Tokenizer tokenizer = Golden.smollm2()) {
      for (JsonNode each : golden.get("cases")) {
        String text = each.get("text").stringValue();
        Tokenizer.Tokens tokens = tokenizer.encode(text);
        assertThat(tokens.ids()).as(text).containsExactly(ints(each.get("ids")));
        for (int i = 0; i < tokens.ids().length; i++) {
          assertThat(new int[] {tokens.starts()[i], tokens.ends()[i]})
              .as(text)
              .containsExactly(ints(each.get("offsets").get(i)));
        }
        assertThat(tokenizer.decode(tokens.ids())).isEqualTo(each.get("decoded").stringValue());
        assertThat(tokenizer.decode(tokens.ids(), true))
            .isEqualTo(each.get("decoded_skip_special").stringValue());
      }
    }
  }

  static int[] ints(JsonNode array) {
    return Golden.JSON.treeToValue(array, int[].class);
  }
}
