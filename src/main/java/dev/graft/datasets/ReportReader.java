package dev.graft.datasets;

import dev.graft.text.Example;
import dev.graft.text.RowReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;

/** Reads the files of a report past every inspection. */
final class ReportReader {
  /** Their digests take some 40 MB. */
  private static final long MOST_ROWS = 500_000;

  private final InputStreamSource training;
  private final long mostBytes;
  private final Duration mostTime;
  private final EnoughRows amount = new EnoughRows();
  private final EnoughRows held = new EnoughRows();
  private final ClassBalance classes = new ClassBalance();
  private final LengthStatistics prompts = new LengthStatistics();
  private final LengthStatistics answers = new LengthStatistics();

  ReportReader(InputStreamSource training, long mostBytes, Duration mostTime) {
    this.training = training;
    this.mostBytes = mostBytes;
    this.mostTime = mostTime;
  }

  /**
   * What a file was read to.
   *
   * @param complete whether that is its end
   */
  private record Read(RowReader.Summary summary, boolean complete) {}

  QualityReport with(@Nullable InputStreamSource validation) throws IOException {
    Sketches sketches = Sketches.of(training);
    List<Inspection> inspections =
        new ArrayList<>(
            List.of(
                amount,
                classes,
                new Repetitions(sketches),
                new PromptsAndAnswers(),
                new Turns(),
                new Borders(),
                new Pairs(),
                new UnwantedText()));
    boolean whole = validation == null || readHeld(validation, sketches, inspections);
    Read read = read(training, row -> see(row, inspections));
    Example.Kind kind = read.summary().kind();
    if (kind == null) throw new IOException("the file has no row");
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
                    ForeignRows.findings(read.summary().format(), amount.rows()),
                    inspections.stream().flatMap(Inspection::findings))
                .filter(found -> read.complete() || !found.check().isOfAllRows())));
  }

  /** Returns whether all of it was read. */
  private boolean readHeld(
      InputStreamSource validation, Sketches sketches, List<Inspection> inspections)
      throws IOException {
    Leakage leakage = new Leakage(sketches);
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

  private static List<QualityFinding> gravestFirst(Stream<QualityFinding> findings) {
    return findings
        .sorted(Comparator.comparing(QualityFinding::severity).thenComparing(QualityFinding::check))
        .toList();
  }
}
