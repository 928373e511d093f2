package dev.graft.datasets.report;

import dev.graft.text.Example;
import dev.graft.text.RowReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads the files of a report, once each, past every inspection. */
final class Reading {
  private static final long SAMPLE_BYTES = 4 << 20;

  private final RowSource training;
  private final long most;
  private final Amount amount = new Amount();
  private final Amount held = new Amount();
  private final Classes classes = new Classes();
  private final Lengths prompts = new Lengths();
  private final Lengths answers = new Lengths();
  private boolean complete = true;

  Reading(RowSource training, long most) {
    this.training = training;
    this.most = most;
  }

  QualityReport with(@Nullable RowSource validation) throws IOException {
    Shingles shingles = Shingles.knowing(sample());
    List<Inspection> inspections =
        new ArrayList<>(
            List.of(
                amount,
                classes,
                new Repetitions(shingles),
                new Answers(),
                new Turns(),
                new Borders(),
                new Pairs(),
                new Texts()));
    if (validation != null) {
      Leakage leakage = new Leakage(shingles);
      read(
          validation,
          row -> {
            held.see(row);
            classes.held(row);
            leakage.held(row);
          });
      inspections.add(leakage);
    }
    RowReader.Summary summary = read(training, row -> see(row, inspections));
    Example.Kind kind = summary.kind();
    if (kind == null) throw new IOException("the file has no row");
    return new QualityReport(
        kind.name().toLowerCase(Locale.ROOT),
        amount.rows(),
        held.rows(),
        complete,
        prompts.summary(),
        answers.summary(),
        classes.largest(),
        gravestFirst(inspections.stream().flatMap(Inspection::findings)));
  }

  private void see(Row row, List<Inspection> inspections) {
    prompts.add(row.prompt().length());
    answers.add(row.answer().length());
    inspections.forEach(inspection -> inspection.see(row));
  }

  private List<String> sample() throws IOException {
    List<String> texts = new ArrayList<>();
    try (FirstRows in = new FirstRows(new BufferedInputStream(training.open()), SAMPLE_BYTES)) {
      RowReader.read(
          in,
          example -> {
            if (texts.size() < Shingles.SAMPLE) texts.add(LikeRows.text(Row.of(example)));
          });
    }
    return texts;
  }

  private RowReader.Summary read(RowSource source, Consumer<Row> sink) throws IOException {
    try (FirstRows in = new FirstRows(new BufferedInputStream(source.open()), most)) {
      RowReader.Summary summary = RowReader.read(in, example -> sink.accept(Row.of(example)));
      complete &= !in.cutOff();
      return summary;
    }
  }

  private static List<QualityFinding> gravestFirst(Stream<QualityFinding> findings) {
    return findings
        .sorted(Comparator.comparing(QualityFinding::severity).thenComparing(QualityFinding::check))
        .toList();
  }
}
