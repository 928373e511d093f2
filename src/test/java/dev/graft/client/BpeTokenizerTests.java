package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTokenizerTests {
  @TempDir Path directory;

  @Test
  void theFileIsReadByTheHuggingFaceTokenizerWithEveryTextComingBack() throws IOException {
    BpeTokenizer.train(texts(4000)).write(directory);
    try (var tokenizer = HuggingFaceTokenizer.newInstance(directory.resolve("tokenizer.json"))) {
      String text = "Hi, how heavy is the Norvik kettle?\n  äöü 漢字 1234 don't";
      long[] ids = tokenizer.encode(text).getIds();
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
      assertThat(tokenizer.encode("<|user|>Hi<|end|>").getIds()).startsWith(2).endsWith(4);
      assertThat(Arrays.stream(ids)).allMatch(id -> id > 4 && id < 1024);
    }
  }

  @Test
  void equalTextGivesEqualTokens() {
    assertThat(BpeTokenizer.train(texts(300))).isEqualTo(BpeTokenizer.train(texts(300)));
  }

  @Test
  void mergesComeByFrequencyThenByName() {
    assertThat(BpeTokenizer.BpeTrainer.merges(Stream.of("ab ab ab cd cd cd zz"), 2))
        .extracting(BpeTokenizer.BpeTrainer.Pair::joined)
        .containsExactly("ab", "cd");
  }

  private static Stream<String> texts(int conversations) {
    return DemoModelCommand.PretrainingText.conversations(1)
        .limit(conversations)
        .flatMap(c -> c.texts().stream());
  }
}
