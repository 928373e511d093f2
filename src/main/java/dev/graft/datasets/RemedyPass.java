package dev.graft.datasets;

import dev.graft.text.RowConversion;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;

/** Goes once through the rows of a file and does about each what was asked for. */
final class RemedyPass {
  private final InputStreamSource file;
  private final Set<Remedy> asked;
  private final @Nullable Leakage leakage;
  private final Repetitions repetitions;
  private final Map<Remedy, Long> rows = new EnumMap<>(Remedy.class);

  private RemedyPass(
      InputStreamSource file, Set<Remedy> asked, @Nullable Leakage leakage, Sketches sketches) {
    this.file = file;
    this.asked = asked;
    this.leakage = leakage;
    this.repetitions = new Repetitions(sketches);
  }

  /**
   * @param file its rows, which are valid
   * @param validation the rows of the file that it is compared with; null = with none
   */
  public static RemedyPass over(
      InputStreamSource file, Collection<Remedy> asked, @Nullable InputStreamSource validation)
      throws IOException {
    Sketches sketches = Sketches.of(file);
    Leakage leakage = null;
    if (validation != null) {
      Leakage held = new Leakage(sketches);
      try (InputStream in = validation.getInputStream()) {
        RowReader.read(in, row -> held.held(InspectedRow.of(row)));
      }
      leakage = held;
    }
    return new RemedyPass(file, EnumSet.copyOf(asked), leakage, sketches);
  }

  /**
   * @param problems gets what is wrong with rows that are none any more
   */
  public void write(OutputStream out, List<RowReader.Problem> problems) throws IOException {
    try (InputStream in = file.getInputStream()) {
      RowConversion.by(this::of).write(in, out, problems);
    }
  }

  /** How many rows each was done to; none of those that were done to none. */
  public Map<Remedy, Long> rows() {
    return rows;
  }

  /** Whether another pass could find more, because rows are told apart by what is left of them. */
  public boolean isToBeRepeated() {
    boolean compares =
        asked.contains(Remedy.DROP_NEAR_DUPLICATES)
            || asked.contains(Remedy.DROP_ROWS_IN_VALIDATION);
    return compares && !rows.isEmpty();
  }

  private @Nullable Map<?, ?> of(long line, Map<?, ?> row) {
    Map<?, ?> made = changed(Remedy.CONVERT_TO_CHAT, row, RowConversion::chatOf);
    made = changed(Remedy.CLEAN_TEXT, made, CleanText::of);
    made = changed(Remedy.TRIM_PROMPTS, made, TrimmedPrompt::of);
    Remedy dropped = dropped(InspectedRow.of(RowConversion.example(line, made)));
    if (dropped == null) return made;
    rows.merge(dropped, 1L, Long::sum);
    return null;
  }

  private Map<?, ?> changed(Remedy remedy, Map<?, ?> row, UnaryOperator<Map<?, ?>> change) {
    if (!asked.contains(remedy)) return row;
    Map<?, ?> made = change.apply(row);
    if (!made.equals(row)) rows.merge(remedy, 1L, Long::sum);
    return made;
  }

  private @Nullable Remedy dropped(InspectedRow row) {
    if (asked.contains(Remedy.DROP_EMPTY_ANSWERS) && PromptsAndAnswers.isUnanswered(row)) {
      return Remedy.DROP_EMPTY_ANSWERS;
    }
    if (asked.contains(Remedy.DROP_EQUAL_PAIRS) && Pairs.areSame(row)) {
      return Remedy.DROP_EQUAL_PAIRS;
    }
    Remedy leaked = leakage == null ? null : ifAsked(leakage.defect(row));
    boolean compares =
        asked.contains(Remedy.DROP_DUPLICATES) || asked.contains(Remedy.DROP_NEAR_DUPLICATES);
    return leaked == null && compares ? ifAsked(repetitions.defect(row)) : leaked;
  }

  private @Nullable Remedy ifAsked(@Nullable Defect defect) {
    Remedy remedy = defect == null ? null : defect.remediedBy();
    return remedy != null && asked.contains(remedy) ? remedy : null;
  }
}
