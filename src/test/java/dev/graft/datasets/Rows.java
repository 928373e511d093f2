package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.springframework.core.io.InputStreamSource;

/** Rows of training files, and what a report finds in them. */
public final class Rows {
  private Rows() {}

  public static final long ALL = Long.MAX_VALUE;
  public static final Duration LONG = Duration.ofMinutes(10);

  /** Sixty rows without a fault. */
  public static Stream<String> good() {
    return IntStream.range(0, 60)
        .mapToObj(
            i -> pair("%s goes where?".formatted(word(i)), " To %s.".formatted(word(i + 60))));
  }

  /** Something that has nothing in common with others. */
  public static String word(int i) {
    return Long.toString((i + 1) * 0x9e3779b97f4a7c15L, 36).replace("-", "");
  }

  public static String pair(String prompt, String completion) {
    return "{\"prompt\": \"%s\", \"completion\": \"%s\"}".formatted(prompt, completion);
  }

  public static String labelled(String text, String label) {
    return "{\"text\": \"%s\", \"label\": \"%s\"}".formatted(text, label);
  }

  public static String chat(String... turns) {
    return Stream.of(turns)
        .map(turn -> turn.split(": ", 2))
        .map(turn -> "{\"role\": \"%s\", \"content\": \"%s\"}".formatted(turn[0], turn[1]))
        .toList()
        .toString()
        .transform(list -> "{\"messages\": " + list + "}");
  }

  public static InputStreamSource source(Stream<String> rows) {
    byte[] bytes = String.join("\n", rows.toList()).getBytes(UTF_8);
    return () -> new ByteArrayInputStream(bytes);
  }

  public static List<QualityFinding> findings(Stream<String> rows) throws IOException {
    return QualityReport.of(source(rows), null, ALL, LONG).findings();
  }

  static List<QualityFinding> findings(Stream<String> rows, Stream<String> held)
      throws IOException {
    return QualityReport.of(source(rows), source(held), ALL, LONG).findings();
  }

  /** The only finding of good rows and these behind them. */
  public static QualityFinding only(String... bad) throws IOException {
    List<QualityFinding> found = findings(Stream.concat(good(), Stream.of(bad)));
    assertThat(found).hasSize(1);
    return found.getFirst();
  }
}
