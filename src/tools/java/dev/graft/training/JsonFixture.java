package dev.graft.training;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

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
    } catch (Unsupported e) {
      return new GoldenResult(caseName(), List.of(), e.getMessage());
    } catch (JacksonException e) {
      result.require("is JSON", false);
    }
    return new GoldenResult(caseName(), result.measures(), null);
  }

  abstract void check(JsonNode root, Path models, GoldenResult.Collector result);
}
