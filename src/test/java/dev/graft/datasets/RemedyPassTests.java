package dev.graft.datasets;

import static dev.graft.datasets.Rows.chat;
import static dev.graft.datasets.Rows.good;
import static dev.graft.datasets.Rows.pair;
import static dev.graft.datasets.Rows.source;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.datasets.RemediedRows.CleanText;
import dev.graft.text.RowReader.Problem;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.InputStreamSource;

class RemedyPassTests {
  private final List<Problem> problems = new ArrayList<>();
  private Map<Remedy, Long> done = Map.of();

  private List<String> remedied(
      InputStreamSource rows, @Nullable InputStreamSource validation, Remedy... remedies)
      throws IOException {
    RemediedRows.RemedyPass pass = RemediedRows.RemedyPass.over(rows, Set.of(remedies), validation);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    pass.write(out, problems);
    done = pass.rows();
    assertThat(problems).isEmpty();
    byte[] made = out.toByteArray();
    for (QualityFinding found :
        QualityReport.of(() -> new ByteArrayInputStream(made), validation, Rows.ALL, Rows.LONG)
            .findings()) {
      Remedy again = found.remediedBy();
      assertThat(again == null || !done.containsKey(again)).isTrue();
    }
    return out.toString(UTF_8).lines().toList();
  }

  @Test
  void everyRemedyIsOfADefectAndEachOfThemNamesIt() {
    EnumSet<Remedy> named = EnumSet.noneOf(Remedy.class);
    for (QualityFinding.Defect defect : QualityFinding.Defect.values()) {
      if (defect.remediedBy() != null) named.add(defect.remediedBy());
    }
    assertThat(named).containsExactlyInAnyOrder(Remedy.values());
    assertThat(Remedy.named("drop_duplicates")).contains(Remedy.DROP_DUPLICATES);
    assertThat(Remedy.named("drop_everything")).isEmpty();
  }

  @Test
  void rowsThatRepeatAnEarlierOneGoAndTheFirstStays() throws IOException {
    String row = pair("1+1?", " 2");
    List<String> rows =
        remedied(source(Stream.of(row, row, "", row)), null, Remedy.DROP_DUPLICATES);
    assertThat(rows).containsExactly("{\"prompt\":\"1+1?\",\"completion\":\" 2\"}");
    assertThat(done).isEqualTo(Map.of(Remedy.DROP_DUPLICATES, 2L));
  }

  @Test
  void onlyWhatWasAskedForIsDone() throws IOException {
    Stream<String> rows = Stream.of(pair("a ", ""), pair("a ", ""), pair("b ", "c"));
    assertThat(remedied(source(rows), null, Remedy.DROP_EMPTY_ANSWERS)).hasSize(1);
    assertThat(done).isEqualTo(Map.of(Remedy.DROP_EMPTY_ANSWERS, 2L));
  }

  @Test
  void rowsThatAreNearlyAnEarlierOneGo() throws IOException {
    String text = IntStream.range(0, 40).mapToObj(Rows::word).reduce("", (a, b) -> a + " " + b);
    Stream<String> rows =
        Stream.concat(
            good(), Stream.of(pair(text, " a"), pair(text + "!", " a"), pair(text, " a")));
    assertThat(remedied(source(rows), null, Remedy.DROP_NEAR_DUPLICATES, Remedy.DROP_DUPLICATES))
        .hasSize(61);
    assertThat(done).isEqualTo(Map.of(Remedy.DROP_NEAR_DUPLICATES, 1L, Remedy.DROP_DUPLICATES, 1L));
  }

  @Test
  void rowsOfTheValidationFileGoAndThoseThatAskTheSameOnRequest() throws IOException {
    InputStreamSource held = source(Stream.of(pair("q1", " a"), pair("q2", " b")));
    Stream<String> rows = Stream.of(pair("q1", " a"), pair("q2", " other"), pair("q3", " c"));
    List<String> all = rows.toList();
    assertThat(remedied(source(all.stream()), held, Remedy.DROP_ROWS_IN_VALIDATION)).hasSize(2);
    assertThat(remedied(source(all.stream()), held, Remedy.DROP_PROMPTS_IN_VALIDATION)).hasSize(2);
    Remedy[] both = {Remedy.DROP_ROWS_IN_VALIDATION, Remedy.DROP_PROMPTS_IN_VALIDATION};
    assertThat(remedied(source(all.stream()), held, both))
        .containsExactly("{\"prompt\":\"q3\",\"completion\":\" c\"}");
  }

  @Test
  void aRowWithALabelIsNeverUnanswered() throws IOException {
    Stream<String> rows =
        Stream.of("{\"text\":\"a\",\"labels\":[]}", "{\"text\":\"b\",\"labels\":[\"x\"]}");
    assertThat(remedied(source(rows), null, Remedy.DROP_EMPTY_ANSWERS)).hasSize(2);
  }

  @Test
  void aChoiceBetweenEqualsGoes() throws IOException {
    String same = "{\"prompt\":\"a\",\"chosen\":\" b\",\"rejected\":\" b \"}";
    String other = "{\"prompt\":\"a\",\"chosen\":\" b\",\"rejected\":\" c\"}";
    assertThat(remedied(source(Stream.of(same, other)), null, Remedy.DROP_EQUAL_PAIRS))
        .containsExactly(other);
  }

  @Test
  void theSpaceAtTheEndOfAPromptBeginsItsCompletion() throws IOException {
    Stream<String> rows =
        Stream.of(pair("a ", "b"), pair("a  ", " b"), pair("a", "b"), pair(" ", "b"));
    assertThat(remedied(source(rows), null, Remedy.TRIM_PROMPTS))
        .containsExactly(
            "{\"prompt\":\"a\",\"completion\":\" b\"}",
            "{\"prompt\":\"a\",\"completion\":\" b\"}",
            "{\"prompt\":\"a\",\"completion\":\"b\"}",
            "{\"prompt\":\" \",\"completion\":\"b\"}");
    assertThat(done).isEqualTo(Map.of(Remedy.TRIM_PROMPTS, 2L));
  }

  @Test
  void otherFormatsBecomeChatRows() throws IOException {
    Stream<String> rows =
        Stream.of(
            "{\"conversations\":[{\"from\":\"human\",\"value\":\"a\"},{\"from\":\"gpt\",\"value\":\"b\"}]}",
            "{\"instruction\":\"a\",\"output\":\"b\"}",
            chat("user: a", "assistant: b"));
    String made =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]}";
    assertThat(remedied(source(rows), null, Remedy.CONVERT_TO_CHAT))
        .containsExactly(made, made, made);
    assertThat(done).isEqualTo(Map.of(Remedy.CONVERT_TO_CHAT, 2L));
  }

  @Test
  void unwantedCharactersGoAndWrongDecodingIsSetRightWhereThatIsCertain() throws IOException {
    assertThat(CleanText.of("\uFEFFa\u0007b\tc\nd\u007F")).isEqualTo("ab\tc\nd");
    assertThat(CleanText.of("GrÃ¼ÃŸe â€“ cafÃ©")).isEqualTo("Grüße – café");
    assertThat(CleanText.of("ÐŸÑ€Ð¸Ð²ÐµÑ‚")).isEqualTo("Привет");
    for (String uncertain : List.of("10 € fÃ¼r 日本", "lost \uFFFD", "Grüße", "Ã¼ und ü")) {
      assertThat(CleanText.of(uncertain)).isEqualTo(uncertain);
    }
    Stream<String> rows =
        Stream.of(chat("user: a\\u0000", "assistant: Ã¼ber"), chat("user: a", "assistant: b"));
    assertThat(remedied(source(rows), null, Remedy.CLEAN_TEXT))
        .first()
        .isEqualTo(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"über\"}]}");
    assertThat(done).isEqualTo(Map.of(Remedy.CLEAN_TEXT, 1L));
  }
}
