package dev.graft.training;

import static dev.graft.training.DataPathCases.equal;

import dev.graft.model.Schedules;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.TrainingSpec;
import dev.graft.text.ChatTemplate;
import dev.graft.text.ChatTemplate.TemplateRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import dev.graft.training.StepReport.Tally;
import dev.graft.training.TokenRows.PackedRows;
import dev.graft.training.TokenRows.Packing.Piece;
import java.nio.file.Files;
import java.nio.file.Path;
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
  SCHEDULES {
    @Override
    void check(JsonNode root, Path models, GoldenResult.Collector result) {
      ScheduleCases.check(root, result);
    }
  },
  /** Chats rendered by transformers' Jinja. */
  TEMPLATES {
    @Override
    void check(JsonNode root, Path models, GoldenResult.Collector result) {
      TemplateCases.check(root, result);
    }
  },
  /** Texts as ids and back, by Python's tokenizers. */
  TOKENIZER_CASES {
    @Override
    void check(JsonNode root, Path models, GoldenResult.Collector result) {
      TokenizerCases.check(root, models, result);
    }
  },
  /** Rows of files as tokens, labels, sequences and steps, by TRL. */
  DATA_PATH {
    @Override
    void check(JsonNode root, Path models, GoldenResult.Collector result) {
      DataPathCases.check(root, models, result);
    }
  };

  static final JsonMapper JSON = new JsonMapper();

  /** How it is named in the list of cases. */
  public String caseName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private String fileName() {
    return caseName() + ".json";
  }

  /** Those that a directory holds. */
  public static List<JsonFixture> in(Path directory) {
    return Stream.of(values())
        .filter(fixture -> Files.isRegularFile(directory.resolve(fixture.fileName())))
        .toList();
  }

  /**
   * @param directory holds the file
   * @param models holds a directory for each tokenizer that a file names
   */
  public GoldenResult run(Path directory, Path models) {
    GoldenResult.Collector result = new GoldenResult.Collector();
    try {
      check(JSON.readTree(directory.resolve(fileName())), models, result);
    } catch (GoldenResult.Unsupported e) {
      return new GoldenResult(caseName(), List.of(), e.getMessage());
    } catch (JacksonException e) {
      result.require("is JSON", false);
    }
    return new GoldenResult(caseName(), result.measures(), null);
  }

  abstract void check(JsonNode root, Path models, GoldenResult.Collector result);

  /** {@code schedules.json}: every rate, two steps past the end included. */
  static final class ScheduleCases {
    private static final double RELATIVE = 1e-9;

    private ScheduleCases() {}

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

    /** Returns the schedule in a request's form. */
    private static Hyperparameters training(JsonNode each, double base) {
      ObjectNode adapter = JsonFixture.JSON.createObjectNode();
      ObjectNode training = adapter.putObject("training").put("learning_rate", base);
      training.set("lr_scheduler_type", each.path("type"));
      training.set("lr_scheduler_kwargs", each.path("kwargs"));
      return TrainingSpec.resolve(adapter, null, null, null).training();
    }

    /** Relative; a rate of 0 must be 0. */
    private static double difference(double expected, double actual) {
      double difference = Math.abs(expected - actual);
      return difference == 0 ? 0 : difference / Math.abs(expected);
    }
  }

  /** {@code templates.json}: text and spans of each rendering, or the words of the refusal. */
  static final class TemplateCases {
    private TemplateCases() {}

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
        ChatTemplate.Rendered rendered = render(template, each);
        JsonNode spans = each.path("assistant_spans");
        return rendered.text().equals(each.path("rendered").asString(null))
            && (spans.isMissingNode()
                || JsonFixture.JSON.<JsonNode>valueToTree(rendered.spans()).equals(spans));
      } catch (TemplateRejected e) {
        return String.valueOf(e.getMessage()).equals(each.path("error").asString(null));
      }
    }

    private static ChatTemplate.Rendered render(ChatTemplate template, JsonNode each) {
      return template.render(
          messages(each.path("messages")),
          tools(each.path("tools")),
          each.path("add_generation_prompt").asBoolean(false));
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> messages(JsonNode messages) {
      return JsonFixture.JSON.treeToValue(messages, List.class);
    }

    static @Nullable List<?> tools(JsonNode tools) {
      return tools.isArray() ? JsonFixture.JSON.treeToValue(tools, List.class) : null;
    }
  }

  /** {@code tokenizer-cases.json}: ids, offsets in code points, and the text that ids give back. */
  static final class TokenizerCases {
    private TokenizerCases() {}

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
      int[][] offsets = JsonFixture.JSON.treeToValue(each.path("offsets"), int[][].class);
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

    static int[] ints(JsonNode array) {
      return JsonFixture.JSON.treeToValue(array, int[].class);
    }
  }

  /** Rows put together: padded to one width, or packed into sequences. */
  static final class SequenceCases {
    private SequenceCases() {}

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
              JsonFixture.TokenizerCases.ints(rows.path(0).path("lengths")),
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
}
