package dev.graft.datasets;

import dev.graft.datasets.Inspection.EnoughRows;
import dev.graft.datasets.QualityFinding.Defect;
import dev.graft.datasets.QualityFinding.Severity;
import dev.graft.text.Example;
import dev.graft.text.RowConversion.RowFormat;
import dev.graft.text.RowReader;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;

/**
 * A report on the content of a training file and its likely defects.
 *
 * @param kind of its rows: {@code chat}, {@code prompt_completion} and so on
 * @param rows number of rows read
 * @param validationRows number of validation rows read; 0 without a validation file
 * @param complete false if a file was not read to its end
 * @param promptCharacters of the rows, before the last answer
 * @param answerCharacters of the last answers
 * @param labels the largest classes, at most 100; empty if rows have no labels
 * @param findings the most serious first
 */
record QualityReport(
    String kind,
    long rows,
    long validationRows,
    boolean complete,
    LengthStatistics.Summary promptCharacters,
    LengthStatistics.Summary answerCharacters,
    List<Inspection.ClassBalance.ClassRows> labels,
    List<QualityFinding> findings) {

  /**
   * Reads valid files; invalid rows are skipped.
   *
   * @param mostBytes limit for each file; whole rows are read
   * @param mostTime limit for the duration; the report covers the rows read by then
   */
  public static QualityReport of(
      InputStreamSource training,
      @Nullable InputStreamSource validation,
      long mostBytes,
      Duration mostTime)
      throws IOException {
    return new ReportReader(training, mostBytes, mostTime).with(validation);
  }

  /** Reads the files of a report past every inspection. */
  private static final class ReportReader {
    /** Their digests take some 40 MB. */
    private static final long MOST_ROWS = 500_000;

    private final InputStreamSource training;
    private final long mostBytes;
    private final Duration mostTime;
    private final EnoughRows amount = new EnoughRows();
    private final EnoughRows held = new EnoughRows();
    private final Inspection.ClassBalance classes = new Inspection.ClassBalance();
    private final LengthStatistics prompts = new LengthStatistics();
    private final LengthStatistics answers = new LengthStatistics();

    ReportReader(InputStreamSource training, long mostBytes, Duration mostTime) {
      this.training = training;
      this.mostBytes = mostBytes;
      this.mostTime = mostTime;
    }

    /**
     * The extent of a file that was read.
     *
     * @param complete whether it was read to its end
     */
    private record Read(RowReader.Summary summary, boolean complete) {}

    QualityReport with(@Nullable InputStreamSource validation) throws IOException {
      LikeRows.Sketches sketches = LikeRows.Sketches.of(training);
      List<Inspection> inspections =
          new ArrayList<>(
              List.of(
                  amount,
                  classes,
                  new LikeRows.Repetitions(sketches),
                  new Inspection.PromptsAndAnswers(),
                  new Inspection.Turns(),
                  new Inspection.Borders(),
                  new Inspection.Pairs(),
                  new UnwantedText()));
      boolean whole = validation == null || readHeld(validation, sketches, inspections);
      Read read = read(training, row -> see(row, inspections));
      Example.Kind kind = read.summary().kind();
      if (kind == null) throw new IOException("the file has no rows");
      return new QualityReport(
          kind.name().toLowerCase(Locale.ROOT),
          amount.rows(),
          held.rows(),
          read.complete() && whole,
          prompts.summary(),
          answers.summary(),
          classes.largest(),
          gravestFirst(
              Stream.concat(
                      foreignRows(read.summary().format(), amount.rows()),
                      inspections.stream().flatMap(Inspection::findings))
                  .filter(found -> read.complete() || !found.check().isOfAllRows())));
    }

    /** Returns whether all of it was read. */
    private boolean readHeld(
        InputStreamSource validation, LikeRows.Sketches sketches, List<Inspection> inspections)
        throws IOException {
      LikeRows.Leakage leakage = new LikeRows.Leakage(sketches);
      inspections.add(leakage);
      return read(
              validation,
              row -> {
                held.see(row);
                classes.held(row);
                leakage.held(row);
              })
          .complete();
    }

    private void see(InspectedRow row, List<Inspection> inspections) {
      prompts.add(row.prompt().length());
      answers.add(row.answer().length());
      inspections.forEach(inspection -> inspection.see(row));
    }

    private Read read(InputStreamSource source, Consumer<InspectedRow> sink) throws IOException {
      long end = System.nanoTime() + mostTime.toNanos() / 2;
      AtomicLong rows = new AtomicLong();
      try (FirstRows in =
          new FirstRows(new BufferedInputStream(source.getInputStream()), mostBytes)) {
        RowReader.Summary summary =
            RowReader.read(
                in,
                example -> {
                  sink.accept(InspectedRow.of(example));
                  if (rows.incrementAndGet() >= MOST_ROWS || System.nanoTime() > end) in.end();
                });
        return new Read(summary, !in.cutOff());
      }
    }

    /** Rows of another format, which can be made OpenAI's chat rows. */
    private static Stream<QualityFinding> foreignRows(@Nullable RowFormat format, long rows) {
      return switch (format) {
        case null -> Stream.of();
        case SHAREGPT -> Stream.of(Defect.SHAREGPT_ROWS.ofAll(Severity.ADVICE, rows));
        case ALPACA -> Stream.of(Defect.ALPACA_ROWS.ofAll(Severity.ADVICE, rows));
        case QUESTION_ANSWER -> Stream.of();
      };
    }

    private static List<QualityFinding> gravestFirst(Stream<QualityFinding> findings) {
      return findings
          .sorted(
              Comparator.comparing(QualityFinding::severity).thenComparing(QualityFinding::check))
          .toList();
    }
  }

  /** Lengths of something in all rows. */
  static final class LengthStatistics {
    private int[] lengths = new int[256];
    private int size;

    /** The longest is the last of the 100 parts. */
    public record Summary(int median, int p95, int max) {}

    void add(int length) {
      if (size == lengths.length) lengths = Arrays.copyOf(lengths, size * 2);
      lengths[size++] = length;
    }

    Summary summary() {
      if (size == 0) return new Summary(0, 0, 0);
      int[] sorted = Arrays.copyOf(lengths, size);
      Arrays.sort(sorted);
      return new Summary(sorted[(size - 1) / 2], sorted[(size - 1) * 95 / 100], sorted[size - 1]);
    }
  }

  /** The beginning of a file: ends with the line that has the last byte which may be read. */
  static final class FirstRows extends FilterInputStream {
    private long left;
    private boolean ended;

    public FirstRows(InputStream in, long most) {
      super(in);
      left = most;
    }

    /** Nothing more is read. */
    public void end() {
      ended = true;
    }

    /** Whether the file went on behind what was read. */
    public boolean cutOff() throws IOException {
      return ended && in.read() >= 0;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (ended) return -1;
      // after the limit, only the rest of the line is read
      int wanted = left > 0 ? (int) Math.min(length, left) : 1;
      int read = in.read(bytes, offset, wanted);
      if (read < 0) return -1;
      left -= read;
      ended = left <= 0 && bytes[offset + read - 1] == '\n';
      return read;
    }
  }
}
