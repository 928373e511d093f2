package dev.graft.training;

import dev.graft.spec.Hyperparameters;
import dev.graft.spec.TrainingSpec;
import dev.graft.text.ChatTemplate;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import dev.graft.text.RowTokenizer;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import dev.graft.text.Truncation;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
      case "collate" -> SequenceCases.collated(settings, tokenized(settings, rows), expected, pad);
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
}
