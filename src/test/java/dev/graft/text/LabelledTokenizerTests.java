package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.Hyperparameters.TruncationMode;
import dev.graft.tiny.TinyBert;
import dev.graft.tiny.TinyLlama;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelledTokenizerTests {

  @TempDir private Path directory;

  @Test
  void aTextStandsInTheFrameOfItsTokenizer() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(TinyBert.write(directory, 1))) {
      int[] ids = rows(tokenizer, 64, TruncationMode.KEEP_START).tokenize(labelled("ab")).ids();
      assertThat(ids).hasSize(4).startsWith(TinyBert.FIRST).endsWith(TinyBert.LAST);
      assertThat(tokenizer.decode(ids[1], ids[2])).isEqualTo("ab");
      assertThat(rows(tokenizer, 64, TruncationMode.KEEP_START).tokenize(labelled("")).ids())
          .containsExactly(TinyBert.FIRST, TinyBert.LAST);
    }
    try (Tokenizer bare = Tokenizer.load(TinyLlama.write(directory.resolve("bare"), 1))) {
      int[] ids = rows(bare, 64, TruncationMode.KEEP_START).tokenize(labelled("ab")).ids();
      assertThat(bare.decode(ids)).isEqualTo("ab");
    }
  }

  @Test
  void aCutLeavesTheFrame() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(TinyBert.write(directory, 1))) {
      TokenizedRow start =
          rows(tokenizer, 5, TruncationMode.KEEP_START).tokenize(labelled("abcdef"));
      TokenizedRow end = rows(tokenizer, 5, TruncationMode.KEEP_END).tokenize(labelled("abcdef"));
      assertThat(start.cut()).isTrue();
      assertThat(tokenizer.decode(start.ids())).isEqualTo("<|user|>abc<|end|>");
      assertThat(tokenizer.decode(end.ids())).isEqualTo("<|user|>def<|end|>");
      assertThat(rows(tokenizer, 8, TruncationMode.REFUSE).tokenize(labelled("abcdef")).cut())
          .isFalse();
      assertThatThrownBy(
              () -> rows(tokenizer, 7, TruncationMode.REFUSE).tokenize(labelled("abcdef")))
          .isInstanceOf(RowTokenizer.RowRejected.class)
          .hasMessageContaining("6 tokens long, but max_length is 5");
    }
  }

  @Test
  void controlTokensAndRowsOfOtherKindsAreRefused() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(TinyBert.write(directory, 1))) {
      LabelledTokenizer rows = rows(tokenizer, 64, TruncationMode.KEEP_START);
      assertThatThrownBy(() -> rows.tokenize(labelled("a<|end|>b")))
          .isInstanceOf(RowTokenizer.RowRejected.class)
          .hasMessageContaining("<|end|>");
      assertThatThrownBy(() -> rows.tokenize(new Example.Text(3, "a")))
          .isInstanceOf(RowTokenizer.RowRejected.class)
          .hasMessageContaining("need a text with a label");
    }
  }

  @Test
  void labelsAreNamesNumbersOrLists() throws IOException {
    assertThat(read("{'text': 'a', 'label': 'good'}").label()).isEqualTo(new Label.Name("good"));
    assertThat(read("{'text': 'a', 'label': 3}").label()).isEqualTo(new Label.Number(3));
    assertThat(read("{'text': 'a', 'label': 2.5}").label()).isEqualTo(new Label.Number(2.5));
    assertThat(read("{'text': 'a', 'label': true}").label()).isEqualTo(new Label.Name("true"));
    assertThat(read("{'text': 'a', 'labels': ['x', 'y']}").label())
        .isEqualTo(new Label.Names(List.of("x", "y")));
    assertThat(read("{'text': 'a', 'labels': []}").label()).isEqualTo(new Label.Names(List.of()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{'text': 'a', 'label': null}|label must be a class name or a number",
        "{'text': 'a', 'label': ['x']}|label must be a class name or a number",
        "{'text': 'a', 'label': ' x'}|without control characters or leading",
        "{'text': 'a', 'label': ''}|label must have 1 to 200",
        "{'text': 'a', 'label': 1e999}|label must be a class name",
        "{'text': 'a', 'labels': 'x'}|labels must be a list",
        "{'text': 'a', 'labels': ['x', 'x']}|contains a class twice",
        "{'text': 'a', 'labels': [1]}|labels must be a list of names",
        "{'text': 'a', 'label': 'x', 'labels': []}|unknown key: label",
        "{'label': 'x'}|text must be a string",
      })
  void aRowThatIsWrongSaysWhy(String row, String problem) throws IOException {
    assertThat(problems(row)).hasSize(1).first().asString().contains(problem);
  }

  @Test
  void aFileHasOneLabelARowOrListsOfThem() throws IOException {
    String both = "{'text': 'a', 'label': 'x'}\n{'text': 'a', 'labels': ['x']}";
    assertThat(problems(both))
        .hasSize(1)
        .first()
        .asString()
        .contains("is a text with a list of labels, but the file starts with a text with a label");
  }

  private static LabelledTokenizer rows(Tokenizer tokenizer, int length, TruncationMode mode) {
    return new LabelledTokenizer(tokenizer, false, new Truncation(mode, length));
  }

  private static Example labelled(String text) {
    return new Example.Labelled(1, text, new Label.Name("x"));
  }

  private static Example.Labelled read(String row) throws IOException {
    List<Example> rows = new ArrayList<>();
    assertThat(RowReader.read(bytes(row), rows::add).problems()).isEmpty();
    return (Example.Labelled) rows.getFirst();
  }

  private static List<RowReader.Problem> problems(String rows) throws IOException {
    return RowReader.read(bytes(rows), row -> {}).problems();
  }

  private static ByteArrayInputStream bytes(String rows) {
    return new ByteArrayInputStream(rows.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
