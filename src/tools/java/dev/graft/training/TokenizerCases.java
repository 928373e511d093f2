package dev.graft.training;

import dev.graft.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import tools.jackson.databind.JsonNode;

/** {@code tokenizer-cases.json}: ids, offsets in code points, and the text that ids give back. */
final class TokenizerCases {
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
      throw new Unsupported("no tokenizer '%s' in the directory of models".formatted(name));
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
