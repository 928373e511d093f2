package dev.graft.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.text.Tokenizer;
import dev.graft.weights.BadModel;
import dev.graft.weights.GgufBytes;
import dev.graft.weights.gguf.GgufTokenizer.GgufVocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufTokenizerTests {
  private static final String SPACE = "\u2581";

  @TempDir private Path directory;

  @Test
  void sentencePieceMergesByItsScoresAndFallsBackToBytes() throws IOException {
    GgufBytes gguf = pieces("llama");
    try (Tokenizer tokenizer = written(gguf)) {
      assertThat(tokenizer.ids("abc")).containsExactly(265, 264); // the better score comes first
      assertThat(tokenizer.ids("a \u00e9")).containsExactly(265, 259, 3 + 0xC3, 3 + 0xA9);
      assertThat(tokenizer.ids("a</s>")).containsExactly(265, 2);
      assertThat(tokenizer.decode(tokenizer.ids("abc a \u00e9"))).isEqualTo("abc a \u00e9");
      assertThat(tokenizer.addsBos()).isTrue();
    }
    try (Tokenizer tokenizer =
        written(pieces("gemma").flag("tokenizer.ggml.add_bos_token", false))) {
      assertThat(tokenizer.ids("abc")).as("the earlier token first").containsExactly(263, 262);
      assertThat(tokenizer.addsBos()).isFalse();
    }
  }

  /** Of {@code ▁ a b c ab bc ▁a}, bc and ▁a have the best scores. */
  private static GgufBytes pieces(String architecture) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    for (int i = 0; i < 256; i++) tokens.add("<0x%02X>".formatted(i));
    tokens.addAll(List.of(SPACE, "a", "b", "c", "ab", "bc", SPACE + "a"));
    int[] types = new int[tokens.size()];
    Arrays.fill(types, 0, 259, 6);
    Arrays.fill(types, 259, types.length, GgufVocabulary.NORMAL);
    types[0] = GgufVocabulary.UNKNOWN;
    types[1] = GgufVocabulary.CONTROL;
    types[2] = GgufVocabulary.CONTROL;
    float[] scores = new float[types.length];
    scores[263] = -3;
    scores[264] = -1;
    scores[265] = -2;
    return new GgufBytes()
        .text("general.architecture", architecture)
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", tokens)
        .int32s("tokenizer.ggml.token_type", types)
        .float32s("tokenizer.ggml.scores", scores)
        .uint32("tokenizer.ggml.bos_token_id", 1)
        .uint32("tokenizer.ggml.eos_token_id", 2)
        .uint32("tokenizer.ggml.unknown_token_id", 0);
  }

  @Test
  void bytesAreCutByTheNameOfThePreTokenizerBeforeTheyAreMerged() throws IOException {
    assertThat(ids("gpt-2", "12")).as("digits together").containsExactly(4);
    assertThat(ids("smollm", "12")).as("digits alone").containsExactly(2, 3);
    assertThat(ids("llama-bpe", "12")).containsExactly(4);
    assertThat(ids("qwen2", "12")).containsExactly(2, 3);
    assertThat(ids("llama-bpe", "<|end|>1")).containsExactly(0, 2);
    assertThat(ids("llama-bpe", "<think>1")).containsExactly(1, 2);
  }

  private int[] ids(String pre, String text) throws IOException {
    try (Tokenizer tokenizer = written(bytes(pre, "1 2"))) {
      return tokenizer.ids(text);
    }
  }

  private static GgufBytes bytes(String pre, String merge) {
    return new GgufBytes()
        .text("general.architecture", "llama")
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", pre)
        .texts("tokenizer.ggml.tokens", List.of("<|end|>", "<think>", "1", "2", "12"))
        .int32s("tokenizer.ggml.token_type", 3, 4, 1, 1, 1)
        .texts("tokenizer.ggml.merges", List.of(merge))
        .uint32("tokenizer.ggml.bos_token_id", 0);
  }

  @Test
  void whatIsNoVocabularyIsRefused() throws IOException {
    refused(bytes("gpt-2", "1 3"), "tokenizer.ggml.merges entry 0 does not consist of two tokens");
    refused(bytes("gpt-2", "12"), "entry 0 does not consist of two tokens");
    refused(bytes("gpt-2", "1 2").uint32("tokenizer.ggml.eos_token_id", 5), "is 5, must be 0 to 4");
    refused(new GgufBytes(), "tokenizer.ggml.tokens is missing");
    GgufBytes twice = new GgufBytes().texts("tokenizer.ggml.tokens", List.of("a", "b", "a"));
    refused(twice, "contains the same text at 0 and 2");
    GgufBytes few = new GgufBytes().texts("tokenizer.ggml.tokens", List.of("a", "b"));
    refused(few.int32s("tokenizer.ggml.token_type", 1), "has 1 entries for 2 tokens");
  }

  private void refused(GgufBytes gguf, String why) {
    assertThatExceptionOfType(BadModel.class)
        .isThrownBy(() -> written(gguf).close())
        .withMessageContaining(why);
  }

  private Tokenizer written(GgufBytes gguf) throws IOException {
    Path file = Files.write(directory.resolve("a.gguf"), gguf.bytes());
    try (GgufFile open = GgufFile.open(file)) {
      GgufTokenizer made = new GgufTokenizer(open.keys(), GgufVocabulary.read(open.keys()));
      Files.writeString(directory.resolve("tokenizer.json"), Json.text(made.json()));
      Files.writeString(directory.resolve("tokenizer_config.json"), Json.text(made.settings()));
    }
    return Tokenizer.load(directory);
  }
}
