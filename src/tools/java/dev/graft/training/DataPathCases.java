package dev.graft.training;

import static dev.graft.training.DataPathCases.equal;

import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.Schedules;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.TrainingSpec;
import dev.graft.text.ChatTemplate;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import dev.graft.text.RowTokenizer;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import dev.graft.text.Tokenizer;
import dev.graft.text.Truncation;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code data-path.json}: from the lines of a file to tokens, labels, sequences and steps. */
final class DataPathCases {
  private final JsonNode templates;
  private final Tokenizer tokenizer;
  private final int pad;

  private DataPathCases(JsonNode root, Tokenizer tokenizer) {
    this.templates = root.path("templates");
    this.tokenizer = tokenizer;
    this.pad = root.path("pad_token_id").intValue();
  }

  static void check(JsonNode root, Path models, GoldenResult.Collector result) {
    StepReport.Tally tally = new StepReport.Tally();
    try (Tokenizer tokenizer = JsonFixture.TokenizerCases.tokenizer(root, models)) {
      DataPathCases cases = new DataPathCases(root, tokenizer);
      for (JsonNode each : root.path("cases")) {
        tally.add(each.path("name").asString(""), cases.right(each));
      }
    }
    tally.tell("cases", result);
  }

  private boolean right(JsonNode each) {
    JsonNode settings = each.path("settings");
    JsonNode rows = each.path("rows");
    JsonNode expected = each.path("expected");
    return switch (each.path("kind").asString("")) {
      case "sft" -> sft(settings, rows, expected);
      case "preference" -> new PreferenceCase(this, settings, expected, pad).right(rows);
      case "collate" ->
          JsonFixture.SequenceCases.collated(settings, tokenized(settings, rows), expected, pad);
      case "packing" ->
          JsonFixture.SequenceCases.packed(settings, tokenized(settings, rows), expected);
      case "packing-lengths" -> JsonFixture.SequenceCases.packedLengths(settings, rows, expected);
      case "batching" -> StepCase.right(settings, rows, expected);
      default -> false;
    };
  }

  private boolean sft(JsonNode settings, JsonNode rows, JsonNode expected) {
    List<TokenizedRow> trained = new ArrayList<>();
    List<Integer> dropped = new ArrayList<>();
    try {
      for (TokenizedRow row : tokenized(settings, rows)) {
        if (row.trains()) trained.add(row);
        else dropped.add(Math.toIntExact(row.line() - 1));
      }
    } catch (RowRejected e) {
      return expected.has("error");
    }
    if (expected.has("error")) return trained.isEmpty();
    if (!equal(dropped, expected.path("dropped"))) return false;
    if (trained.size() != expected.path("rows").size()) return false;
    for (int i = 0; i < trained.size(); i++) {
      if (!same(trained.get(i), expected.path("rows").path(i))) return false;
    }
    return true;
  }

  private static boolean same(TokenizedRow row, JsonNode expected) {
    return row.line() - 1 == expected.path("row").longValue()
        && equal(row.ids(), expected.path("input_ids"))
        && equal(row.labels(), expected.path("labels"));
  }

  /** Numbers, nested or not, are those of a fixture. */
  static boolean equal(Object numbers, JsonNode expected) {
    return JsonFixture.JSON.<JsonNode>valueToTree(numbers).equals(expected);
  }

  private List<TokenizedRow> tokenized(JsonNode settings, JsonNode rows) {
    boolean packed = settings.has("packing") || settings.has("packing_strategy");
    RowTokenizer tokenizer = tokenizer(settings, packed);
    return examples(rows).stream().flatMap(row -> tokenizer.tokenize(row).stream()).toList();
  }

  /**
   * @param whole rows that are packed are cut by the packing
   */
  RowTokenizer tokenizer(JsonNode settings, boolean whole) {
    TrainingSpec spec = spec(settings);
    Integer length = spec.training().rows().maxLength();
    return new RowTokenizer(
        tokenizer,
        () ->
            new ChatTemplate(
                templates.path(settings.path("template").asString("")).asString(""),
                tokenizer.bosToken(),
                tokenizer.eosToken(),
                Tokenizer.PINNED_DATE),
        spec.data(),
        whole || length == null
            ? Truncation.NONE
            : new Truncation(spec.training().rows().truncationMode(), length));
  }

  /**
   * Returns the settings in a request's form, with TRL's names; {@code loss} is the fixture's own.
   */
  private static TrainingSpec spec(JsonNode settings) {
    ObjectNode adapter = JsonFixture.JSON.createObjectNode();
    ObjectNode training =
        adapter.putObject("training").put("train_sampling_strategy", "sequential");
    training.set("max_length", settings.get("max_length"));
    training.set("truncation_mode", settings.get("truncation_mode"));
    ObjectNode data = adapter.putObject("data").put("allow_special_tokens", true);
    switch (settings.path("loss").asString("")) {
      case "all" -> data.put("assistant_only_loss", false).put("completion_only_loss", false);
      case "assistant" -> data.put("assistant_only_loss", true);
      case "last-assistant" -> data.put("mask_history", true);
      default -> {}
    }
    return TrainingSpec.resolve(adapter, null, null, null);
  }

  static Hyperparameters training(JsonNode training) {
    ObjectNode adapter = JsonFixture.JSON.createObjectNode();
    adapter.set("training", training);
    return TrainingSpec.resolve(adapter, null, null, null).training();
  }

  /** The rows as lines of a file. */
  static List<Example> examples(JsonNode rows) {
    StringBuilder file = new StringBuilder();
    for (JsonNode row : rows) file.append(row).append('\n');
    List<Example> examples = new ArrayList<>();
    byte[] bytes = file.toString().getBytes(StandardCharsets.UTF_8);
    try {
      RowReader.read(new ByteArrayInputStream(bytes), examples::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return examples;
  }

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
      int[][] ones = Arrays.stream(ids).map(JsonFixture.SequenceCases::ones).toArray(int[][]::new);
      return equal(collator.padded(ids, pad), batch.path("input_ids"))
          && equal(collator.padded(ones, 0), batch.path("attention_mask"))
          && equal(collator.padded(masks, 0), batch.path("completion_mask"));
    }
  }

  /** Optimiser steps of a running trainer, in sequential order. */
  static final class StepCase {
    /** The fixture has rates to 8 digits and epochs to 6. */
    private static final double RATE = 1e-8;

    private static final double EPOCH = 1e-6;

    private StepCase() {}

    static boolean right(JsonNode settings, JsonNode rows, JsonNode expected) {
      ObjectNode arguments = (ObjectNode) settings.deepCopy();
      boolean preference = arguments.path("trainer").asString("").equals("dpo");
      arguments.remove("trainer");
      arguments.put("train_sampling_strategy", "sequential");
      Hyperparameters training = DataPathCases.training(arguments);
      TokenRows tokens = preference ? null : tokens(rows);
      BatchPlan plan = new BatchPlan(training, 0, new int[rows.size()]);
      if (plan.totalSteps() != expected.path("total_steps").longValue()) return false;
      for (int step = 0; step < plan.totalSteps(); step++) {
        JsonNode want = expected.path("steps").path(step);
        List<int[]> window = plan.window(step);
        double rate =
            training.schedule().learningRate()
                * Schedules.multiplier(
                    training.schedule().lrScheduler(),
                    step,
                    0,
                    plan.totalSteps(),
                    training.schedule().learningRate());
        boolean same =
            equal(window, want.path("micro_batches"))
                && Math.abs(rate - want.path("lr").doubleValue()) <= RATE
                && Math.abs(plan.epochs(step + 1) - want.path("epoch").doubleValue()) <= EPOCH
                && (tokens == null
                    // the loss is a mean over pairs, and its divisor the micro-batches
                    ? window.size() == want.path("divisor").intValue()
                    : targets(window, tokens) == want.path("num_items_in_batch").longValue());
        if (!same) return false;
      }
      return true;
    }

    private static long targets(List<int[]> window, TokenRows tokens) {
      return window.stream()
          .map(rows -> tokens.batch(rows, 1))
          .mapToLong(TokenBatch::targets)
          .sum();
    }

    private static TokenRows tokens(JsonNode rows) {
      List<TokenizedRow> tokens = new ArrayList<>();
      for (JsonNode row : rows) {
        tokens.add(
            new TokenizedRow(
                1,
                JsonFixture.TokenizerCases.ints(row.path("input_ids")),
                JsonFixture.TokenizerCases.ints(row.path("labels"))));
      }
      return new TokenRows.Separate(tokens);
    }
  }
}
