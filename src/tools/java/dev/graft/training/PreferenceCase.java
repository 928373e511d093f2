package dev.graft.training;

import static dev.graft.training.DataPathCases.equal;

import dev.graft.text.Example;
import dev.graft.text.RowTokenizer;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** Preference rows: both sides, their border, and the first of them as a batch. */
record PreferenceCase(DataPathCases cases, JsonNode settings, JsonNode expected, int pad) {
  boolean right(JsonNode rows) {
    RowTokenizer tokenizer = cases.tokenizer(settings, false);
    List<TokenizedPair> pairs = new ArrayList<>();
    List<Integer> dropped = new ArrayList<>();
    for (Example example : DataPathCases.examples(rows)) {
      TokenizedPair pair = tokenizer.tokenize((Example.PreferencePair) example);
      if (pair.trains()) pairs.add(pair);
      else dropped.add(Math.toIntExact(example.line() - 1));
    }
    if (!equal(dropped, expected.path("dropped"))) return false;
    if (pairs.size() != expected.path("rows").size()) return false;
    for (int i = 0; i < pairs.size(); i++) {
      if (!same(pairs.get(i), expected.path("rows").path(i))) return false;
    }
    return batch(pairs.subList(0, expected.path("batch_of_first").intValue()));
  }

  private static boolean same(TokenizedPair pair, JsonNode row) {
    return pair.chosen().line() - 1 == row.path("row").longValue()
        && pair.promptLength() == row.path("prompt_length").intValue()
        && equal(pair.chosen().ids(), row.path("chosen_input_ids"))
        && equal(pair.rejected().ids(), row.path("rejected_input_ids"))
        && equal(mask(pair.chosen()), row.path("chosen_completion_mask"))
        && equal(mask(pair.rejected()), row.path("rejected_completion_mask"));
  }

  private static int[] mask(TokenizedRow row) {
    return Arrays.stream(row.labels()).map(l -> l == TokenizedRow.IGNORE ? 0 : 1).toArray();
  }

  /** All chosen sides, then all rejected ones. */
  private boolean batch(List<TokenizedPair> pairs) {
    List<TokenizedRow> sides =
        Stream.concat(
                pairs.stream().map(TokenizedPair::chosen),
                pairs.stream().map(TokenizedPair::rejected))
            .toList();
    TokenRows.Collator collator = new TokenRows.Collator(1);
    JsonNode batch = expected.path("batch");
    int[][] ids = sides.stream().map(TokenizedRow::ids).toArray(int[][]::new);
    int[][] masks = sides.stream().map(PreferenceCase::mask).toArray(int[][]::new);
    int[][] ones = Arrays.stream(ids).map(SequenceCases::ones).toArray(int[][]::new);
    return equal(collator.padded(ids, pad), batch.path("input_ids"))
        && equal(collator.padded(ones, 0), batch.path("attention_mask"))
        && equal(collator.padded(masks, 0), batch.path("completion_mask"));
  }
}
