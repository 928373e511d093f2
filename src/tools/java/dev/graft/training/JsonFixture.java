package dev.graft.training;

import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.Schedules;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.TrainingSpec;
import dev.graft.text.ChatTemplate;
import dev.graft.text.ChatTemplate.TemplateRejected;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import dev.graft.text.RowTokenizer;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import dev.graft.text.Tokenizer;
import dev.graft.text.Truncation;
import dev.graft.training.TokenRows.PackedRows;
import dev.graft.training.TokenRows.Packing.Piece;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Reference results that need no model: one JSON file each, beside the golden runs. */
enum JsonFixture {
  /** Learning rates of every schedule. */
  SCHEDULES,

  /** Chats rendered by transformers' Jinja. */
  TEMPLATES,

  /** Texts as ids and back, by Python's tokenizers. */
  TOKENIZER_CASES,

  /** Rows of files as tokens, labels, sequences and steps, by TRL. */
  DATA_PATH;

  private static final JsonMapper JSON = new JsonMapper();

  /** How it is named in the list of cases. */
  String caseName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private Path file(Path directory) {
    return directory.resolve(caseName() + ".json");
  }

  /** Those that a directory holds. */
  static List<JsonFixture> in(Path directory) {
    return Stream.of(values())
        .filter(fixture -> Files.isRegularFile(fixture.file(directory)))
        .toList();
  }

  /**
   * @param directory holds the file
   * @param models holds a directory for each tokenizer that a file names
   */
  GoldenResult run(Path directory, Path models) {
    GoldenResult.Collector result = new GoldenResult.Collector();
    try {
      check(JSON.readTree(file(directory)), models, result);
    } catch (GoldenResult.Unsupported e) {
      return new GoldenResult(caseName(), List.of(), e.getMessage());
    } catch (JacksonException e) {
      result.require("is JSON", false);
    }
    return new GoldenResult(caseName(), result.measures(), null);
  }

  private void check(JsonNode root, Path models, GoldenResult.Collector result) {
    switch (this) {
      case SCHEDULES -> ScheduleCases.check(root, result);
      case TEMPLATES -> TemplateCases.check(root, result);
      case TOKENIZER_CASES -> TokenizerCases.check(root, models, result);
      case DATA_PATH -> DataPathCases.check(root, models, result);
    }
  }

  /** Numbers, nested or not, are those of a fixture. */
  private static boolean equal(Object numbers, JsonNode expected) {
    return JSON.<JsonNode>valueToTree(numbers).equals(expected);
  }

  private static int[] ints(JsonNode array) {
    return JSON.treeToValue(array, int[].class);
  }

  /** Returns the settings of a trainer in a request's form. */
  private static Hyperparameters hyperparameters(JsonNode training) {
    ObjectNode adapter = JSON.createObjectNode();
    adapter.set("training", training);
    return TrainingSpec.resolve(adapter, null, null, null).training();
  }

  /**
   * Cases of a fixture that must be exact: how many there are, and the names of those that differ.
   */
  static final class Tally {
    private static final int NAMED = 5;

    private final List<String> wrong = new ArrayList<>();
    private int cases;

    void add(String name, boolean right) {
      cases++;
      if (!right) wrong.add(name);
    }

    void tell(String what, GoldenResult.Collector result) {
      result.add("%d %s, wrong".formatted(cases, what), wrong.size(), 0);
      wrong.stream().limit(NAMED).forEach(name -> result.require(name, false));
    }
  }

  /** {@code schedules.json}: every rate, two steps past the end included. */
  static final class ScheduleCases {
    private static final double RELATIVE = 1e-9;

    static void check(JsonNode root, GoldenResult.Collector result) {
      double base = root.path("base_lr").doubleValue();
      double largest = 0;
      int cases = 0;
      for (JsonNode each : root.path("schedules")) {
        Hyperparameters training = training(each, base);
        long warmup = each.path("warmup_steps").longValue();
        long steps = each.path("steps").longValue();
        for (int step = 0; step < each.path("lrs").size(); step++) {
          double rate =
              base
                  * Schedules.multiplier(
                      training.schedule().lrScheduler(), step, warmup, steps, base);
          largest = Math.max(largest, difference(each.path("lrs").path(step).doubleValue(), rate));
        }
        cases++;
      }
      result.add(cases + " schedules, rates", largest, RELATIVE);
    }

    private static Hyperparameters training(JsonNode each, double base) {
      ObjectNode training = JSON.createObjectNode().put("learning_rate", base);
      training.set("lr_scheduler_type", each.path("type"));
      training.set("lr_scheduler_kwargs", each.path("kwargs"));
      return hyperparameters(training);
    }

    /** Relative; a rate of 0 must be 0. */
    private static double difference(double expected, double actual) {
      double difference = Math.abs(expected - actual);
      return difference == 0 ? 0 : difference / Math.abs(expected);
    }
  }

  /** {@code templates.json}: text and spans of each rendering, or the words of the refusal. */
  static final class TemplateCases {
    static void check(JsonNode root, GoldenResult.Collector result) {
      Tally tally = new Tally();
      for (JsonNode each : root.path("cases")) {
        String name = each.path("template").asString("");
        String what = "%s/%s".formatted(name, each.path("conversation").asString(""));
        tally.add(what, right(template(root.path("templates").path(name)), each));
      }
      tally.tell("renderings", result);
    }

    private static ChatTemplate template(JsonNode template) {
      return new ChatTemplate(
          template.path("text").asString(""),
          template.path("bos_token").asString(null),
          template.path("eos_token").asString(null),
          Tokenizer.PINNED_DATE);
    }

    private static boolean right(ChatTemplate template, JsonNode each) {
      try {
        ChatTemplate.Rendered rendered =
            template.render(
                messages(each.path("messages")),
                tools(each.path("tools")),
                each.path("add_generation_prompt").asBoolean(false));
        JsonNode spans = each.path("assistant_spans");
        return rendered.text().equals(each.path("rendered").asString(null))
            && (spans.isMissingNode()
                || JSON.<JsonNode>valueToTree(rendered.spans()).equals(spans));
      } catch (TemplateRejected e) {
        return String.valueOf(e.getMessage()).equals(each.path("error").asString(null));
      }
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> messages(JsonNode messages) {
      return JSON.treeToValue(messages, List.class);
    }

    static @Nullable List<?> tools(JsonNode tools) {
      return tools.isArray() ? JSON.treeToValue(tools, List.class) : null;
    }
  }

  /** {@code tokenizer-cases.json}: ids, offsets in code points, and the text that ids give back. */
  static final class TokenizerCases {
    static void check(JsonNode root, Path models, GoldenResult.Collector result) {
      Tally tally = new Tally();
      try (Tokenizer tokenizer = tokenizer(root, models)) {
        for (JsonNode each : root.path("cases")) {
          tally.add(each.path("text").toString(), right(tokenizer, each));
        }
      }
      tally.tell("texts", result);
    }

    /** The one that a fixture names. */
    static Tokenizer tokenizer(JsonNode root, Path models) {
      String name = root.path("tokenizer").asString("");
      Path directory = models.resolve(name);
      if (name.isEmpty() || !Files.isDirectory(directory)) {
        throw new GoldenResult.Unsupported(
            "no tokenizer '%s' in the directory of models".formatted(name));
      }
      return Tokenizer.load(directory);
    }

    private static boolean right(Tokenizer tokenizer, JsonNode each) {
      Tokenizer.Tokens tokens = tokenizer.encode(each.path("text").stringValue());
      int[][] offsets = JSON.treeToValue(each.path("offsets"), int[][].class);
      boolean aligned = offsets.length == tokens.ids().length;
      for (int i = 0; aligned && i < offsets.length; i++) {
        aligned = offsets[i][0] == tokens.starts()[i] && offsets[i][1] == tokens.ends()[i];
      }
      return aligned
          && Arrays.equals(ints(each.path("ids")), tokens.ids())
          && tokenizer.decode(tokens.ids()).equals(each.path("decoded").stringValue())
          && tokenizer
              .decode(tokens.ids(), true)
              .equals(each.path("decoded_skip_special").stringValue());
    }
  }

  /** Rows put together: padded to one width, or packed into sequences. */
  static final class SequenceCases {
    static boolean collated(
        JsonNode settings, List<TokenizedRow> rows, JsonNode expected, int pad) {
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
              ints(rows.path(0).path("lengths")),
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

  /** {@code data-path.json}: from the lines of a file to tokens, labels, sequences and steps. */
  static final class DataPathCases {
    private final JsonNode templates;
    private final Tokenizer tokenizer;
    private final int pad;

    private DataPathCases(JsonNode root, Tokenizer tokenizer) {
      this.templates = root.path("templates");
      this.tokenizer = tokenizer;
      this.pad = root.path("pad_token_id").intValue();
    }

    static void check(JsonNode root, Path models, GoldenResult.Collector result) {
      Tally tally = new Tally();
      try (Tokenizer tokenizer = TokenizerCases.tokenizer(root, models)) {
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
            SequenceCases.collated(settings, tokenized(settings, rows), expected, pad);
        case "packing" -> SequenceCases.packed(settings, tokenized(settings, rows), expected);
        case "packing-lengths" -> SequenceCases.packedLengths(settings, rows, expected);
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
     * Returns the settings in a request's form, with TRL's names; {@code loss} is the fixture's
     * own.
     */
    private static TrainingSpec spec(JsonNode settings) {
      ObjectNode adapter = JSON.createObjectNode();
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
        for (Example example : examples(rows)) {
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

    /** Optimiser steps of a running trainer, in sequential order. */
    static final class StepCase {
      /** The fixture has rates to 8 digits and epochs to 6. */
      private static final double RATE = 1e-8;

      private static final double EPOCH = 1e-6;

      static boolean right(JsonNode settings, JsonNode rows, JsonNode expected) {
        ObjectNode arguments = (ObjectNode) settings.deepCopy();
        boolean preference = arguments.path("trainer").asString("").equals("dpo");
        arguments.remove("trainer");
        arguments.put("train_sampling_strategy", "sequential");
        Hyperparameters training = hyperparameters(arguments);
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
          tokens.add(new TokenizedRow(1, ints(row.path("input_ids")), ints(row.path("labels"))));
        }
        return new TokenRows.Separate(tokens);
      }
    }
  }
}
