package dev.graft.text;

import static dev.graft.text.TokenizerGoldenTests.ints;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Token ids and labels by TRL, for the settings that Graft has. */
class RowGoldenTests {
  @Test
  void rowsBecomeTheSameTokensAndLabels() {
    JsonNode golden = Golden.file("data-path.json");
    SoftAssertions soft = new SoftAssertions();
    int checked = 0;
    try (Tokenizer tokenizer = Golden.smollm2()) {
      for (JsonNode each : golden.get("cases")) {
        if (!inScope(each)) continue;
        check(soft, golden.get("templates"), each, tokenizer);
        checked++;
      }
    }
    soft.assertAll();
    assertThat(checked).isGreaterThanOrEqualTo(12);
  }

  private static boolean inScope(JsonNode each) {
    JsonNode settings = each.get("settings");
    String loss = settings.path("loss").asString("");
    JsonNode row = each.path("rows").path(0);
    boolean ours =
        row.path("messages").isArray()
            ? Set.of("assistant", "all").contains(loss)
            : row.path("text").isString()
                || row.path("prompt").isString() && loss.equals("completion");
    return each.get("kind").stringValue().equals("sft")
        && ours
        && Set.of("", "keep_start").contains(settings.path("truncation_mode").asString(""));
  }

  private static void check(
      SoftAssertions soft, JsonNode templates, JsonNode each, Tokenizer tokenizer) {
    JsonNode settings = each.get("settings");
    String text = templates.get(settings.get("template").stringValue()).stringValue();
    RowTokenizer rows =
        new RowTokenizer(
            tokenizer,
            () -> new ChatTemplate(text, "<|im_start|>", "<|im_end|>", Tokenizer.PINNED_DATE),
            settings.get("loss").stringValue().equals("assistant"),
            false);
    String name = each.get("name").stringValue();
    List<Integer> dropped = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < each.get("rows").size(); i++) {
      TokenizedRow row =
          rows.tokenize(example(each.get("rows").get(i)))
              .truncated(settings.path("max_length").asInt(Integer.MAX_VALUE));
      if (!row.trains()) {
        dropped.add(i);
        continue;
      }
      JsonNode expected = each.get("expected").get("rows").get(next++);
      soft.assertThat(row.ids()).as(name).containsExactly(ints(expected.get("input_ids")));
      soft.assertThat(row.labels()).as(name).containsExactly(ints(expected.get("labels")));
    }
    if (each.get("expected").has("error")) {
      soft.assertThat(dropped).as(name).contains(0);
    } else {
      soft.assertThat(dropped.stream().mapToInt(d -> d).toArray())
          .as(name)
          .containsExactly(ints(each.get("expected").get("dropped")));
    }
  }

  @SuppressWarnings("unchecked")
  private static Example example(JsonNode row) {
    Map<String, Object> map = Golden.JSON.treeToValue(row, LinkedHashMap.class);
    return switch (map) {
      case Map<String, Object> m when m.get("messages") instanceof List<?> list ->
          new Example.Chat(1, (List<Map<String, Object>>) list, (List<?>) m.get("tools"));
      case Map<String, Object> m when m.containsKey("text") ->
          new Example.Text(1, (String) m.get("text"));
      default ->
          new Example.PromptCompletion(
              1, (String) map.get("prompt"), (String) map.get("completion"));
    };
  }
}
