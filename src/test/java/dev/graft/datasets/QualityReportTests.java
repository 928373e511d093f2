package dev.graft.datasets;

import static dev.graft.datasets.Rows.ALL;
import static dev.graft.datasets.Rows.LONG;
import static dev.graft.datasets.Rows.findings;
import static dev.graft.datasets.Rows.good;
import static dev.graft.datasets.Rows.only;
import static dev.graft.datasets.Rows.pair;
import static dev.graft.datasets.Rows.source;
import static dev.graft.datasets.Rows.word;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.graft.datasets.QualityFinding.Defect;
import dev.graft.datasets.QualityFinding.Severity;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.InputStreamSource;

/** What is found in files made to have it, and in none that has not. */
class QualityReportTests {
  @Test
  void goodRowsHaveNoFinding() throws IOException {
    QualityReport report =
        QualityReport.of(source(good().limit(50)), source(good().skip(50)), ALL, LONG);

    assertThat(report.findings()).isEmpty();
    assertThat(report.rows()).isEqualTo(50);
    assertThat(report.validationRows()).isEqualTo(10);
    assertThat(report.kind()).isEqualTo("prompt_completion");
    assertThat(report.complete()).isTrue();
    assertThat(report.labels()).isEmpty();
  }

  @Test
  void lengthsAreThoseOfPromptsAndAnswers() throws IOException {
    Stream<String> rows = IntStream.range(1, 101).mapToObj(i -> pair("x".repeat(i), " y"));

    QualityReport report = QualityReport.of(source(rows), null, ALL, LONG);

    assertThat(report.promptCharacters())
        .isEqualTo(new QualityReport.LengthStatistics.Summary(50, 95, 100));
    assertThat(report.answerCharacters())
        .isEqualTo(new QualityReport.LengthStatistics.Summary(2, 2, 2));
  }

  @Test
  void fewRowsAreToldByHowFew() throws IOException {
    assertThat(findings(good().limit(9)))
        .extracting(QualityFinding::severity)
        .containsExactly(Severity.ERROR);
    assertThat(findings(good().limit(49)))
        .extracting(QualityFinding::check, QualityFinding::severity)
        .containsExactly(tuple(Defect.FEW_ROWS, Severity.ADVICE));
  }

  @Test
  void aRowThatIsThereTwiceIsFoundWhateverItsSpaces() throws IOException {
    QualityFinding found =
        only(
            pair("Where is  my parcel?", " On its way"),
            pair("Where is my parcel?", " On its way"));

    assertThat(found.check()).isEqualTo(Defect.DUPLICATE_ROWS);
    assertThat(found.severity()).isEqualTo(Severity.ADVICE);
    assertThat(found.lines()).containsExactly(62L);
    assertThat(found.message()).isEqualTo("Rows that repeat an earlier row: 1.");
  }

  @Test
  void manyRepetitionsAreAnError() throws IOException {
    List<QualityFinding> found = findings(Stream.concat(good(), good()));

    assertThat(found).hasSize(1);
    assertThat(found.getFirst().severity()).isEqualTo(Severity.ERROR);
    assertThat(found.getFirst().count()).isEqualTo(60);
    assertThat(found.getFirst().lines()).containsExactly(61L, 62L, 63L, 64L, 65L);
  }

  @Test
  void rowsThatDifferInAWordAreNearlyTheSame() throws IOException {
    String long1 = "My new card has not arrived although it was sent to me ten days ago, why?";

    QualityFinding found =
        only(
            pair(long1, " Delivery of a card"),
            pair(long1.replace("ten", "six"), " Delivery of a card"));

    assertThat(found.check()).isEqualTo(Defect.NEAR_DUPLICATE_ROWS);
    assertThat(found.lines()).containsExactly(62L);
  }

  @Test
  void whatAllRowsBeginWithDoesNotMakeThemAlike() throws IOException {
    String instruction =
        "You are the assistant of a bank. Read what the customer writes and name its subject: ";
    Stream<String> rows =
        IntStream.range(0, 80).mapToObj(i -> pair(instruction + word(i), " " + word(i + 80)));

    assertThat(findings(rows)).isEmpty();
  }

  @Test
  void rowsOfTheValidationFileAreFoundInEachDegree() throws IOException {
    String asked = "How do I change the personal number of my card at a cash machine abroad?";
    Stream<String> rows =
        Stream.concat(
            good(),
            Stream.of(pair(asked, " So."), pair(asked, " Like this."), pair("a " + asked, " So.")));
    Stream<String> held = Stream.of(pair(asked, " So."), pair("Another one?", " No."));

    List<QualityFinding> found = findings(rows, held);

    assertThat(found)
        .filteredOn(each -> each.check().name().contains("VALIDATION"))
        .extracting(QualityFinding::check, QualityFinding::severity, QualityFinding::lines)
        .containsExactly(
            tuple(Defect.ROW_IN_VALIDATION, Severity.ERROR, List.of(61L)),
            tuple(Defect.ROW_NEARLY_IN_VALIDATION, Severity.WARNING, List.of(63L)),
            tuple(Defect.PROMPT_IN_VALIDATION, Severity.WARNING, List.of(62L)));
  }

  @Test
  void ofALargeFileTheBeginningIsRead() throws IOException {
    QualityReport report = QualityReport.of(source(good()), null, 200, LONG);

    assertThat(report.complete()).isFalse();
    assertThat(report.rows()).isBetween(2L, 10L);
    assertThat(QualityReport.of(source(good()), source(good()), 200, LONG).complete()).isFalse();
  }

  @Test
  void theFileThatEndsWhereReadingDoesIsComplete() throws IOException {
    byte[] rows = (String.join("\n", good().toList()) + "\n").getBytes(UTF_8);

    QualityReport report =
        QualityReport.of(() -> new ByteArrayInputStream(rows), null, rows.length, LONG);

    assertThat(report.complete()).isTrue();
    assertThat(report.rows()).isEqualTo(60);
  }

  @Test
  void eachDefectHasARemedy() {
    for (Defect defect : Defect.values()) {
      QualityFinding found = defect.ofAll(Severity.ADVICE, 2);
      assertThat(found.remedy()).endsWith(".");
      assertThat(found.message()).endsWith(": 2.");
      assertThat(defect.wireName()).isEqualTo(defect.name().toLowerCase(Locale.ROOT));
    }
  }

  @Test
  void whatIsSaidOfAllRowsIsNotSaidOfSome() throws IOException {
    Stream<String> rows =
        Stream.concat(IntStream.range(0, 60).mapToObj(i -> pair(word(i) + "?", " Yes.")), good());
    byte[] bytes = String.join("\n", rows.toList()).getBytes(UTF_8);
    InputStreamSource source = () -> new ByteArrayInputStream(bytes);

    QualityReport report = QualityReport.of(source, null, bytes.length / 4, LONG);

    assertThat(report.complete()).isFalse();
    assertThat(report.findings())
        .extracting(QualityFinding::check)
        .doesNotContain(Defect.SAME_ANSWER);
  }

  @Test
  void readingEndsWithItsTime() throws IOException {
    String row = pair("a", " b") + "\n";
    byte[] bytes = row.repeat(20_000).getBytes(UTF_8);

    QualityReport report =
        QualityReport.of(() -> new ByteArrayInputStream(bytes), null, ALL, Duration.ZERO);

    assertThat(report.complete()).isFalse();
    assertThat(report.rows()).isBetween(1L, 10_000L);
  }
}
