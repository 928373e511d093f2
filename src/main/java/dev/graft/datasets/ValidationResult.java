package dev.graft.datasets;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.text.Example;
import dev.graft.text.RowFormat;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a training file was found to be.
 *
 * @param kind of its rows; null if there is none, or it was validated by an older release
 * @param longestRow bytes of the longest row as JSON; null if there is none, or as kind
 * @param format of its rows, where they can be made chat rows; null if it is none of those, or as
 *     kind
 * @param problems the first ones, at most {@link RowReader#MAX_PROBLEMS}; empty if it is good
 */
record ValidationResult(
    int examples,
    Example.@Nullable Kind kind,
    @Nullable Integer longestRow,
    @Nullable RowFormat format,
    List<LineProblem> problems) {
  /** Reads the file to its end, or to its hundredth problem, in bounded memory. */
  public static ValidationResult of(InputStream in) throws IOException {
    RowReader.Summary read = RowReader.read(in, example -> {});
    List<LineProblem> problems =
        read.problems().stream().map(p -> new LineProblem(p.line(), p.message())).toList();
    Integer longest = read.longest() == 0 ? null : Integer.valueOf(read.longest());
    return new ValidationResult(
        Math.toIntExact(read.rows()), read.kind(), longest, read.format(), problems);
  }

  /** The problems as an answer: the first in the message, all as details. */
  public RequestFailed refusal(String param, String what) {
    return new RequestFailed(
        ProblemType.INVALID_FILE,
        what + ": " + problems.getFirst(),
        param,
        problems.stream().map(LineProblem::finding).toList());
  }

  /** Whether the rows are fine for nothing but to make others of them. */
  public boolean convertible() {
    return format == RowFormat.QUESTION_ANSWER && problems.size() == 1;
  }

  public boolean good() {
    return problems.isEmpty();
  }
}
