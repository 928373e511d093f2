package dev.graft.training;

import static dev.graft.training.DataPathCases.equal;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.text.TokenizedRow;
import dev.graft.training.TokenRows.PackedRows;
import dev.graft.training.TokenRows.Packing.Piece;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** Rows put together: padded to one width, or packed into sequences. */
final class SequenceCases {
  private SequenceCases() {}

  static boolean collated(JsonNode settings, List<TokenizedRow> rows, JsonNode expected, int pad) {
    int batch = settings.path("batch").asInt(rows.size());
    if (settings.path("packing").asBoolean(false)) {
      PackedRows packed = packed(settings, rows);
      return equal(joined(batch, packed::ids), expected.path("input_ids"))
          && equal(joined(batch, packed::labels), expected.path("labels"))
          && equal(
              joined(batch, i -> positions(packed.segments(i))), expected.path("position_ids"));
    }
    TokenRows separate = new TokenRows.Separate(rows.subList(0, batch));
    TokenRows.Collator collator =
        new TokenRows.Collator(settings.path("pad_to_multiple_of").asInt(1));
    int[][] ids = rows(batch, separate::ids);
    int[][] labels = rows(batch, separate::labels);
    int[][] ones = Arrays.stream(ids).map(SequenceCases::ones).toArray(int[][]::new);
    return equal(collator.padded(ids, pad), expected.path("input_ids"))
        && equal(collator.padded(labels, TokenizedRow.IGNORE), expected.path("labels"))
        && equal(collator.padded(ones, 0), expected.path("attention_mask"));
  }

  static boolean packed(JsonNode settings, List<TokenizedRow> rows, JsonNode expected) {
    PackedRows packed = packed(settings, rows);
    if (packed.size() != expected.path("sequences").size()) return false;
    for (int i = 0; i < packed.size(); i++) {
      JsonNode sequence = expected.path("sequences").path(i);
      int[][] pieces =
          packed.sequences().get(i).stream()
              .map(p -> new int[] {p.row(), p.start(), p.length()})
              .toArray(int[][]::new);
      boolean same =
          equal(pieces, sequence.path("segments"))
              && equal(packed.ids(i), sequence.path("input_ids"))
              && equal(packed.labels(i), sequence.path("labels"))
              && equal(positions(packed.segments(i)), sequence.path("position_ids"));
      if (!same) return false;
    }
    return true;
  }

  static boolean packedLengths(JsonNode settings, JsonNode rows, JsonNode expected) {
    List<List<Piece>> sequences =
        TokenRows.Packing.sequences(
            strategy(settings),
            TokenizerCases.ints(rows.path(0).path("lengths")),
            settings.path("max_length").intValue());
    return settings.path("block").intValue() == TokenRows.Packing.BLOCK
        && equal(
            sequences.stream().map(s -> s.stream().map(Piece::row).toList()).toList(),
            expected.path("sequences"));
  }

  private static PackedRows packed(JsonNode settings, List<TokenizedRow> rows) {
    return PackedRows.of(rows, strategy(settings), settings.path("max_length").intValue());
  }

  private static PackingStrategy strategy(JsonNode settings) {
    return PackingStrategy.valueOf(
        settings.path("packing_strategy").asString("").toUpperCase(Locale.ROOT));
  }

  /** Positions as segments give them: anew with each. */
  private static int[] positions(int[] segments) {
    int[] positions = new int[segments.length];
    for (int t = 1; t < segments.length; t++) {
      if (segments[t] == segments[t - 1]) positions[t] = positions[t - 1] + 1;
    }
    return positions;
  }

  static int[] ones(int[] row) {
    return Arrays.stream(row).map(token -> 1).toArray();
  }

  private static int[][] rows(int count, IntFunction<int[]> row) {
    return IntStream.range(0, count).mapToObj(row).toArray(int[][]::new);
  }

  /** TRL lays the sequences of a batch end to end into one row. */
  private static int[][] joined(int count, IntFunction<int[]> row) {
    return new int[][] {Arrays.stream(rows(count, row)).flatMapToInt(Arrays::stream).toArray()};
  }
}
