package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TemplateGoldenTests {
  private static final JsonMapper JSON = new JsonMapper();

  @Test
  @SuppressWarnings("unchecked")
  void everyCase() throws Exception {
    JsonNode golden =
        JSON.readTree(Files.readString(Path.of("/work/shared/parity/templates.json")));
    List<String> wrong = new ArrayList<>();
    for (JsonNode c : golden.get("cases")) {
      String name = c.get("template").stringValue();
      JsonNode t = golden.get("templates").get(name);
      var template =
          new ChatTemplate(
              t.get("text").stringValue(),
              t.get("bos_token").stringValue(),
              t.get("eos_token").stringValue(),
              LocalDate.of(2024, 7, 26));
      String got;
      try {
        var r =
            template.render(
                (List<Map<String, ?>>) JSON.treeToValue(c.get("messages"), List.class),
                c.has("tools") && !c.get("tools").isNull()
                    ? JSON.treeToValue(c.get("tools"), List.class)
                    : null,
                c.get("add_generation_prompt").booleanValue());
        got = r.text();
        if (c.has("assistant_spans")) {
          String spans = JSON.writeValueAsString(r.spans());
          if (!spans.equals(c.get("assistant_spans").toString()))
            wrong.add(
                "SPANS " + name + " " + c.get("conversation") + spans + c.get("assistant_spans"));
        }
      } catch (TemplateRejected e) {
        got = "ERROR " + e.getMessage();
      }
      String want =
          c.has("error")
              ? "ERROR " + c.get("error").stringValue()
              : c.get("rendered").stringValue();
      if (!got.equals(want))
        wrong.add(
            name
                + " "
                + c.get("conversation")
                + "\n   got  "
                + JSON.writeValueAsString(got)
                + "\n   want "
                + JSON.writeValueAsString(want));
    }
    wrong.forEach(System.out::println);
    assertThat(wrong.size()).isZero();
  }
}
