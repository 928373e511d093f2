package dev.graft.datasets;

import static dev.graft.datasets.Rows.ALL;
import static dev.graft.datasets.Rows.LONG;
import static dev.graft.datasets.Rows.chat;
import static dev.graft.datasets.Rows.findings;
import static dev.graft.datasets.Rows.good;
import static dev.graft.datasets.Rows.labelled;
import static dev.graft.datasets.Rows.only;
import static dev.graft.datasets.Rows.pair;
import static dev.graft.datasets.Rows.source;
import static dev.graft.datasets.Rows.word;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.graft.datasets.QualityFinding.Defect;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is found in the prompts, answers, turns, classes and pairs of rows. */
class RowDefectsTests {
  @Test
  void oneQuestionWithTwoAnswersIsAConflict() throws IOException {
    QualityFinding found = only(pair("Open on Sunday?", " Yes."), pair("Open on Sunday?", " No."));

    assertThat(found.check()).isEqualTo(Defect.CONFLICTING_ANSWERS);
    assertThat(found.lines()).containsExactly(62L);
  }

  @Test
  void emptyPromptsAndAnswersAreFound() throws IOException {
    assertThat(only(pair("Open on Sunday?", " ")).check()).isEqualTo(Defect.EMPTY_ANSWER);
    assertThat(only(pair("", " Open on Sunday.")).check()).isEqualTo(Defect.EMPTY_PROMPT);
  }

  @Test
  void anAnswerThatAllRowsGiveTeachesNothingElse() throws IOException {
    List<QualityFinding> found =
        findings(IntStream.range(0, 60).mapToObj(i -> pair(word(i) + "?", " Yes.")));

    assertThat(found).extracting(QualityFinding::check).containsExactly(Defect.SAME_ANSWER);
    assertThat(found.getFirst().lines()).isEmpty();
    assertThat(findings(IntStream.range(0, 60).mapToObj(i -> pair("Next?", " " + word(i)))))
        .extracting(QualityFinding::check)
        .containsExactly(Defect.CONFLICTING_ANSWERS, Defect.SAME_PROMPT);
  }

  @Test
  void aTextHasNoPromptToMiss() throws IOException {
    assertThat(findings(IntStream.range(0, 60).mapToObj(i -> "{\"text\": \"" + word(i) + "\"}")))
        .isEmpty();
  }

  @Test
  void bordersThatATokenizerJoinsAreFound() throws IOException {
    assertThat(only(pair("The capital is ", "Paris.")).check())
        .isEqualTo(Defect.PROMPT_ENDS_WITH_SPACE);
    assertThat(only(pair("The capital is", "Paris.")).check())
        .isEqualTo(Defect.COMPLETION_WITHOUT_BREAK);
  }

  @Test
  void turnsOutOfOrderAreFound() throws IOException {
    Stream<String> rows =
        IntStream.range(0, 60)
            .mapToObj(
                i -> chat("system: Be brief.", "user: " + word(i), "assistant: " + word(i + 60)));
    Stream<String> bad =
        Stream.of(
            chat("system: Be brief.", "user: a", "user: b", "assistant: c"),
            chat("system: Be brief.", "assistant: d", "user: e", "assistant: f"),
            chat("system: Be brief.", "user: g", "assistant: h", "user: i"),
            chat("user: j", "assistant: k"));

    assertThat(findings(Stream.concat(rows, bad)))
        .extracting(QualityFinding::check, QualityFinding::lines)
        .containsExactly(
            tuple(Defect.TURNS_DO_NOT_ALTERNATE, List.of(61L)),
            tuple(Defect.SYSTEM_TURN_IN_SOME, List.of(64L)),
            tuple(Defect.ANSWER_BEFORE_QUESTION, List.of(62L)),
            tuple(Defect.ENDS_WITHOUT_ANSWER, List.of(63L)));
  }

  @Test
  void anAnswerBeforeTheLastMayNotBeEmptyUnlessItDoesNotTrain() throws IOException {
    Stream<String> rows =
        IntStream.range(0, 60)
            .mapToObj(i -> chat("user: " + word(i), "assistant: " + word(i + 60)));
    String empty = chat("user: a", "assistant: ", "user: b", "assistant: c");
    String untrained = empty.replace("\"content\": \"\"", "\"content\": \"\", \"weight\": 0");

    assertThat(findings(Stream.concat(rows, Stream.of(empty, untrained))))
        .filteredOn(each -> each.check() == Defect.EMPTY_ANSWER)
        .singleElement()
        .extracting(QualityFinding::lines)
        .isEqualTo(List.of(61L));
  }

  @Test
  void classesAreCountedAndCompared() throws IOException {
    Stream<String> rows =
        IntStream.range(0, 60).mapToObj(i -> labelled(word(i), i < 4 ? "rare" : "usual"));
    Stream<String> held = Stream.of(labelled("new", "unknown"), labelled("old", "usual"));

    QualityReport report = QualityReport.of(source(rows), source(held), ALL, LONG);

    assertThat(report.labels())
        .containsExactly(
            new Inspection.ClassBalance.ClassRows("usual", 56),
            new Inspection.ClassBalance.ClassRows("rare", 4));
    assertThat(report.findings())
        .extracting(QualityFinding::check, QualityFinding::count, QualityFinding::lines)
        .containsExactly(
            tuple(Defect.CLASS_ONLY_IN_VALIDATION, 1L, List.of(1L)),
            tuple(Defect.RARE_CLASS, 4L, List.of(1L, 2L, 3L, 4L)),
            tuple(Defect.UNBALANCED_CLASSES, 56L, List.of()));
  }

  @Test
  void aTextWithTwoLabelsIsAConflict() throws IOException {
    Stream<String> rows =
        IntStream.range(0, 60).mapToObj(i -> labelled(word(i), i % 2 == 0 ? "a" : "b"));

    assertThat(findings(Stream.concat(rows, Stream.of(labelled(word(0), "b")))))
        .extracting(QualityFinding::check, QualityFinding::lines)
        .containsExactly(tuple(Defect.CONFLICTING_LABELS, List.of(61L)));
  }

  @Test
  void numbersToPredictAreNoClasses() throws IOException {
    Stream<String> rows =
        IntStream.range(0, 60)
            .mapToObj(i -> "{\"text\": \"%s\", \"label\": %d}".formatted(word(i), i * i));

    QualityReport report = QualityReport.of(source(rows), null, ALL, LONG);

    assertThat(report.findings()).isEmpty();
    assertThat(report.labels()).isEmpty();
  }

  @Test
  void preferencesThatSayNothingOrOnlyLengthAreFound() throws IOException {
    String row = "{\"prompt\": \"%s\", \"chosen\": \" %s\", \"rejected\": \" %s\"}";
    Stream<String> rows =
        IntStream.range(0, 60).mapToObj(i -> row.formatted(word(i), word(i + 60), word(i + 120)));
    Stream<String> lengthy =
        IntStream.range(0, 60)
            .mapToObj(
                i -> row.formatted(word(i), word(i + 60) + word(i + 180).repeat(2), word(i + 120)));

    assertThat(findings(Stream.concat(rows, Stream.of(row.formatted("?", "no", "no")))))
        .extracting(QualityFinding::check, QualityFinding::lines)
        .containsExactly(tuple(Defect.CHOSEN_IS_REJECTED, List.of(61L)));
    assertThat(findings(lengthy)).extracting(QualityFinding::check).contains(Defect.LENGTH_BIAS);
  }

  private static String several(String text, String... labels) {
    return "{\"text\": \"%s\", \"labels\": [%s]}"
        .formatted(text, "\"" + String.join("\", \"", labels) + "\"");
  }

  @Test
  void aRowWithSeveralLabelsIsOneRow() throws IOException {
    Stream<String> rows =
        Stream.concat(
            IntStream.range(0, 60).mapToObj(i -> several(word(i), "usual", "also")),
            Stream.of(several("?", "rare", "other"), several("??", "rare")));
    Stream<String> held = Stream.of(several("!", "unknown", "unseen"));

    QualityReport report = QualityReport.of(source(rows), source(held), ALL, LONG);

    assertThat(report.findings())
        .filteredOn(each -> each.check() != Defect.UNBALANCED_CLASSES)
        .extracting(QualityFinding::check, QualityFinding::count, QualityFinding::lines)
        .containsExactly(
            tuple(Defect.CLASS_ONLY_IN_VALIDATION, 1L, List.of(1L)),
            tuple(Defect.RARE_CLASS, 2L, List.of(61L, 62L)));
  }

  @Test
  void theOrderOfLabelsIsNoConflict() throws IOException {
    Stream<String> rows =
        Stream.concat(
            IntStream.range(0, 60).mapToObj(i -> several(word(i), "a", "b")),
            Stream.of(several(word(0), "b", "a")));

    assertThat(findings(rows))
        .extracting(QualityFinding::check)
        .contains(Defect.DUPLICATE_ROWS)
        .doesNotContain(Defect.CONFLICTING_LABELS);
  }

  @Test
  void languagesWithoutSpacesNeedNone() throws IOException {
    assertThat(findings(Stream.concat(good(), Stream.of(pair("首都是", "北京。"))))).isEmpty();
  }

  @Test
  void whatIsMissingInAChatIsFound() throws IOException {
    Stream<String> rows =
        Stream.concat(
            IntStream.range(0, 60)
                .mapToObj(i -> chat("user: " + word(i), "assistant: " + word(i + 60))),
            Stream.of(chat("user: ", "assistant: Hello")));

    assertThat(findings(rows))
        .extracting(QualityFinding::check, QualityFinding::lines)
        .containsExactly(tuple(Defect.EMPTY_PROMPT, List.of(61L)));
  }

  @Test
  void rolesOfOtherNamesAnswerToo() throws IOException {
    String row =
        "{\"conversations\": [{\"from\": \"human\", \"value\": \"%s\"},"
            + " {\"from\": \"gpt\", \"value\": \"%s\"}]}";
    Stream<String> rows =
        Stream.concat(
            IntStream.range(0, 60).mapToObj(i -> row.formatted(word(i), word(i + 60))),
            Stream.of(row.formatted("And?", "")));

    assertThat(findings(rows))
        .extracting(QualityFinding::check, QualityFinding::lines)
        .containsExactly(
            tuple(Defect.NOTHING_TO_TRAIN, List.of(1L, 2L, 3L, 4L, 5L)),
            tuple(Defect.EMPTY_ANSWER, List.of(61L)),
            tuple(Defect.SHAREGPT_ROWS, List.of()));
  }

  @Test
  void whatStandsBehindTheLastAnswerIsReadToo() throws IOException {
    Stream<String> rows =
        Stream.concat(
            IntStream.range(0, 60)
                .mapToObj(i -> chat("user: " + word(i), "assistant: " + word(i + 60))),
            Stream.of(chat("user: a", "assistant: b", "user: write to jo@somewhere.net")));

    assertThat(findings(rows)).extracting(QualityFinding::check).contains(Defect.EMAIL_ADDRESS);
  }
}
