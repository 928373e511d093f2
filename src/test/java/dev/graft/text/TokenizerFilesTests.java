package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerFilesTests {
  private static final String TOKENIZER =
      """
      {"version": "1.0",
       "model": {"vocab": {"added_tokens": 0, "a": 1}, "merges": [["a", "added_tokens"]]},
       "added_tokens": [{"content": "<s>", "special": true}, {"content": "x", "special": false}],
       "post_processor": {"processors": [{"single": [{"SpecialToken": {"id": "<s>"}}]}]}}
      """;

  @TempDir private Path model;

  private Tokenizer.TokenizerFiles read(String tokenizer) throws IOException {
    Files.writeString(model.resolve("tokenizer.json"), tokenizer);
    return Tokenizer.TokenizerFiles.read(model);
  }

  @Test
  void whatIsWantedIsFoundWhereverItStandsBesideAVocabulary() throws IOException {
    Files.writeString(
        model.resolve("tokenizer_config.json"),
        """
        {"unk_token": "?", "bos_token": {"content": "<s>"}, "eos_token": "</s>", "chat_template": "t"}
        """);
    assertThat(read(TOKENIZER))
        .isEqualTo(new Tokenizer.TokenizerFiles("<s>", "</s>", List.of("<s>"), true, "t"));
  }

  @Test
  void whatIsNoObjectSaysNothing() throws IOException {
    assertThat(read("[1, 2]").specialTokens()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{\"model\": {\"vocab\": {\"a\": 1",
        "{\"model\": [}",
        "{\"added_tokens\": [",
        "{} {}",
        "{\"model\": 1} x"
      })
  void whatIsNotJsonIsRefused(String broken) {
    assertThatThrownBy(() -> read(broken))
        .isInstanceOf(Tokenizer.BadTokenizer.class)
        .hasMessage("tokenizer.json is not JSON");
  }
}
