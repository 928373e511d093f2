package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenBytesTests {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "src/test/resources/models/chatml-bytes",
        "src/main/resources/dev/graft/client/base-model"
      })
  void theBytesOfATextsTokensAreTheBytesOfTheText(String model) {
    String text = "Grüße an 你好 😀,\ttabs and\nlines — \"quoted\" ½ \u00AD\u0000 end";
    TokenBytes bytes = TokenBytes.read(Path.of(model));
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (Tokenizer tokenizer = Tokenizer.load(Path.of(model))) {
      for (int id : tokenizer.ids(text)) all.writeBytes(bytes.of(id));
    }
    assertThat(all.toString(StandardCharsets.UTF_8)).isEqualTo(text);
  }

  @Test
  void sentencePieceWritesSpacesAndBytesInItsOwnWay() throws IOException {
    TokenBytes bytes =
        read(
            """
            {"model": {"type": "BPE", "vocab": {"<s>": 0, "\u2581the": 1, "<0xE4>": 2, "x\u2581": 3}},
             "added_tokens": [{"id": 0, "content": "<s>"}, {"id": 9, "content": "<end>"}],
             "decoder": {"type": "Sequence", "decoders": [
               {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
               {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}}
            """);
    assertThat(bytes.of(1)).isEqualTo(" the".getBytes(StandardCharsets.UTF_8));
    assertThat(bytes.of(2)).containsExactly(0xE4);
    assertThat(bytes.of(3)).isEqualTo("x ".getBytes(StandardCharsets.UTF_8));
    assertThat(bytes.of(9)).isEqualTo("<end>".getBytes(StandardCharsets.UTF_8));
    assertThat(bytes.of(4711)).isEmpty();
  }

  @Test
  void unigramAndWordPieceVocabulariesAreReadToo() throws IOException {
    TokenBytes unigram =
        read(
            """
            {"model": {"type": "Unigram", "vocab": [["<unk>", 0], ["\u2581a", -1.5]]}, "decoder": {"type": "Metaspace"}}
            """);
    assertThat(unigram.of(1)).isEqualTo(" a".getBytes(StandardCharsets.UTF_8));
    TokenBytes wordPiece =
        read(
            """
            {"model": {"type": "WordPiece", "vocab": {"play": 5, "##ing": 6}}, "decoder": {"type": "WordPiece"}}
            """);
    assertThat(wordPiece.of(5)).isEqualTo(" play".getBytes(StandardCharsets.UTF_8));
    assertThat(wordPiece.of(6)).isEqualTo("ing".getBytes(StandardCharsets.UTF_8));
  }

  private TokenBytes read(String json) throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), json);
    return TokenBytes.read(directory);
  }
}
