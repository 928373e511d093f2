package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Renderings by transformers' own Jinja environment. */
class TemplateGoldenTests {
  @Test
  void rendersTheBundledCases() {
    check(Golden.resource("templates-small.json"), 35);
  }

  @Test
  void rendersEveryCase() {
    check(Golden.file("templates.json"), 122);
  }

  private static void check(JsonNode golden, int least) {
    SoftAssertions soft = new SoftAssertions();
    for (JsonNode each : golden.get("cases")) {
      String name = each.get("template").stringValue();
      JsonNode t = golden.get("templates").get(name);
      var template =
          new ChatTemplate(
              t.get("text").stringValue(),
              t.get("bos_token").stringValue(),
              t.get("eos_token").stringValue(),
              Tokenizer.PINNED_DATE);
      String what = name + " " + each.get("conversation");
      try {
        ChatTemplate.Rendered rendered = render(template, each);
        soft.assertThat(rendered.text()).as(what).isEqualTo(each.path("rendered").asString(null));
        if (each.has("assistant_spans")) {
          soft.assertThat(Golden.JSON.<JsonNode>valueToTree(rendered.spans()))
              .as(what)
              .isEqualTo(each.get("assistant_spans"));
        }
      } catch (TemplateRejected e) {
        soft.assertThat(e.getMessage()).as(what).isEqualTo(each.path("error").asString(null));
      }
    }
    soft.assertAll();
    assertThat(golden.get("cases").size()).isGreaterThanOrEqualTo(least);
  }

  @SuppressWarnings("unchecked")
  private static ChatTemplate.Rendered render(ChatTemplate template, JsonNode each) {
    List<Map<String, ?>> messages = Golden.JSON.treeToValue(each.get("messages"), List.class);
    List<?> tools =
        each.path("tools").isArray()
            ? Golden.JSON.treeToValue(each.get("tools"), List.class)
            : null;
    return template.render(messages, tools, each.get("add_generation_prompt").booleanValue());
  }
}
