package dev.graft.console;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Which version answers under an alias. */
@Controller
class AliasesConsoleController {
  private static final int NOT_FOUND = 404;

  private final ConsoleApi api;
  private final JsonMapper json;

  AliasesConsoleController(ConsoleApi api, JsonMapper json) {
    this.api = api;
    this.json = json;
  }

  /** An alias that is there moves; else it is made. */
  @PostMapping("/console/models/{id}/alias")
  String use(
      @PathVariable String id,
      @RequestParam String alias,
      @RequestParam @Nullable String reason,
      @RequestParam @Nullable String evaluation) {
    String name = alias.strip();
    ObjectNode asked = json.createObjectNode().put("model", id);
    putUnlessBlank(asked, "reason", reason);
    try {
      ObjectNode move = asked.deepCopy();
      putUnlessBlank(move, "evaluation", evaluation);
      api.moveAlias(name, move);
    } catch (PageRefused refused) {
      if (refused.status() != NOT_FOUND) throw refused;
      api.createAlias(asked.put("name", name));
    }
    return "redirect:/console/models#aliases";
  }

  /**
   * @param current the model that it stood for on the page: who presses twice goes back once
   */
  @PostMapping("/console/aliases/{alias}/rollback")
  String rollBack(@PathVariable String alias, @RequestParam String current) {
    api.rollBackAlias(alias, json.createObjectNode().put("if_current", current));
    return "redirect:/console/models#aliases";
  }

  private static void putUnlessBlank(ObjectNode fields, String name, @Nullable String value) {
    if (value != null && !value.isBlank()) fields.put(name, value.strip());
  }
}
