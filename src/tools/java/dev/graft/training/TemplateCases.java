package dev.graft.training;

import dev.graft.text.ChatTemplate;
import dev.graft.text.ChatTemplate.TemplateRejected;
import dev.graft.text.Tokenizer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** {@code templates.json}: text and spans of each rendering, or the words of the refusal. */
final class TemplateCases {
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
