package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.TrainingSpec;
import dev.graft.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Rows are tokenised side by side, as many at once as the largest row has bytes. */
class TrainingDataTests {
  private static final int ROWS = 3_000;
  private static final String FILLING = "x".repeat(700);

  private final Tokenizer tokenizer =
      Tokenizer.load(Path.of("src/test/resources/models/chatml-bytes"));

  @TempDir private Path directory;

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void theyStayInTheOrderOfTheFile() throws IOException {
    TokenRows rows = (TokenRows) read(chats("")).rows();
    assertThat(rows.size()).isEqualTo(ROWS);
    for (int i = 0; i < ROWS; i++) {
      assertThat(tokenizer.decode(rows.ids(i))).contains(FILLING + " " + i + "<");
    }
  }

  @Test
  void problemsAreToldInTheOrderOfTheFile() {
    assertThatThrownBy(() -> read(chats("<|im_end|>")))
        .isInstanceOf(BadRun.class)
        .hasMessageMatching(
            "training_file, line 1 contains .*, line 2 contains .* \\(and 97 more\\)");
  }

  private static List<String> chats(String end) {
    List<String> chats = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      chats.add(
          """
          {"messages":[{"role":"user","content":"%s %d%s"},{"role":"assistant","content":"yes"}]}\
          """
              .formatted(FILLING, i, end));
    }
    return chats;
  }

  private TrainingData read(List<String> rows) throws IOException {
    RowFile file = new RowFile("training_file", Files.write(directory.resolve("rows.jsonl"), rows));
    TokenCache cache = new TokenCache(Files.createDirectory(directory.resolve("tokens")));
    var spec = TrainingSpec.resolve(new JsonMapper().readTree("{}"), null, null, null);
    return TrainingData.read(
        file,
        new TrainingData.Tokenization(spec, tokenizer, "base", 4_096, cache),
        RunControl.none());
  }
}
