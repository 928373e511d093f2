package dev.graft.console;

import jakarta.servlet.http.HttpServletResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Adapters: cards, compatibility, exports, downloads. */
@Controller
@RequestMapping("/console/models")
class ModelsConsoleController {
  private static final int PAGE = 20;
  private static final int MOST_ALIASES = 100;
  private static final int EXPORTS = 100;

  private final ConsoleApi api;
  private final ConsoleConfiguration.Relay relay;

  ModelsConsoleController(ConsoleApi api, ConsoleConfiguration.Relay relay) {
    this.api = api;
    this.relay = relay;
  }

  @GetMapping
  String list(
      @RequestParam @Nullable String name, @RequestParam @Nullable String after, Model model) {
    String wanted = name == null || name.isBlank() ? null : name.strip();
    model.addAttribute("adapters", api.adapters(wanted, after, PAGE));
    model.addAttribute("name", wanted);
    model.addAttribute("aliases", api.aliases(MOST_ALIASES).data());
    model.addAttribute("engines", api.engines().data());
    return "models";
  }

  @GetMapping("/{id}")
  String adapter(@PathVariable String id, Model model) {
    AdapterView adapter = api.adapter(id);
    model.addAttribute("adapter", adapter);
    model.addAttribute("origin", origin(adapter.jobId()));
    model.addAttribute("lineage", api.lineage(id));
    model.addAttribute("aliases", api.aliases(MOST_ALIASES).data());
    model.addAttribute("exports", own(id));
    model.addAttribute("others", others(adapter));
    return "model";
  }

  /** Returns the exports; null if the adapter belongs to another department. */
  private ConsoleApi.@Nullable Listed<ExportView> own(String id) {
    try {
      return api.exports(id, EXPORTS);
    } catch (ConsoleAdvice.PageRefused refused) {
      if (refused.status() != 404) throw refused;
      return null;
    }
  }

  /**
   * @param choice the form and type, separated by a space
   */
  @PostMapping("/{id}/exports")
  String export(@PathVariable String id, @RequestParam String choice) {
    List<String> parts = List.of(choice.split(" "));
    Map<String, Object> asked = new HashMap<>(Map.of("form", parts.getFirst()));
    if (parts.size() > 1) asked.put("type", parts.get(1));
    api.createExport(id, asked);
    return "redirect:/console/models/" + id + "#exports";
  }

  /** Returns the newest adapters that it can be combined with. */
  private List<AdapterView> others(AdapterView adapter) {
    return api.adapters(null, null, EXPORTS).data().stream()
        .filter(each -> each.baseModel().equals(adapter.baseModel()))
        .filter(each -> !each.id().equals(adapter.id()))
        .toList();
  }

  /**
   * @param weights the weights of this adapter and the other
   */
  @PostMapping("/{id}/combinations")
  String combine(
      @PathVariable String id,
      @RequestParam String other,
      @RequestParam List<Double> weights,
      @RequestParam String type,
      @RequestParam @Nullable Double density) {
    Map<String, Object> combination =
        new HashMap<>(
            Map.of("adapters", List.of(other), "weights", weights, "combination_type", type));
    if (density != null) combination.put("density", density);
    api.createExport(id, Map.of("form", "combined", "combination", combination));
    return "redirect:/console/models/" + id + "#exports";
  }

  @PostMapping("/{id}/exports/{export}/delete")
  String deleteExport(@PathVariable String id, @PathVariable String export) {
    api.deleteExport(id, export);
    return "redirect:/console/models/" + id + "#exports";
  }

  @GetMapping("/{id}/exports/{export}/content")
  void exported(
      @PathVariable String id, @PathVariable String export, HttpServletResponse response) {
    relay.download(response, "/v1/adapters/{id}/exports/{export}/content", id, export);
  }

  /**
   * Returns the job that trained the adapter; null if it belongs to another department or the user
   * may not read jobs.
   */
  private JobsConsoleController.@Nullable JobView origin(String job) {
    try {
      return api.job(job);
    } catch (ConsoleAdvice.PageRefused refused) {
      if (refused.status() != 403 && refused.status() != 404) throw refused;
      return null;
    }
  }

  @GetMapping("/{id}/content")
  void content(@PathVariable String id, HttpServletResponse response) {
    relay.download(response, "/v1/adapters/{id}/content", id);
  }

  @GetMapping("/{id}/files")
  void file(@PathVariable String id, @RequestParam String name, HttpServletResponse response) {
    List<String> path = List.of(name.split("/"));
    relay.download(
        response,
        "/v1/adapters/{id}/files" + "/{name}".repeat(path.size()),
        Stream.concat(Stream.of(id), path.stream()).toArray());
  }

  @PostMapping("/{id}/delete")
  String delete(@PathVariable String id) {
    api.deleteAdapter(id);
    return "redirect:/console/models";
  }

  /** An adapter of the API. */
  record AdapterView(
      String id,
      String name,
      String baseModel,
      @Nullable String parentModel,
      String jobId,
      String trainingFile,
      long createdAt,
      long bytes,
      String sha256,
      List<FileView> files,
      @Nullable String method,
      JsonNode adapter,
      List<VerdictView> compatibility,
      long trainedTokens,
      @Nullable DeprecationView deprecation,
      @Nullable Long deleteAt) {

    /** Returns the files for llama.cpp and Ollama. */
    public List<FileView> gguf() {
      return files.stream().filter(file -> file.name().endsWith(".gguf")).toList();
    }

    public record FileView(String name, long bytes, String sha256) {}

    public record VerdictView(String loader, String verdict, List<String> reasons) {}

    public record DeprecationView(String notice) {}

    public record LineageView(List<RelativeView> ancestors, List<RelativeView> descendants) {}

    public record RelativeView(
        @Nullable String model, @Nullable String adapterId, @Nullable String jobId) {}
  }

  /** An export of an adapter. */
  record ExportView(
      String id,
      String form,
      JsonNode options,
      String status,
      long doneBytes,
      @Nullable Long totalBytes,
      @Nullable Long bytes,
      @Nullable String error) {
    public boolean ended() {
      return status.equals("succeeded") || status.equals("failed");
    }

    /** Returns the form and type as in the export form. */
    public String choice() {
      String type = options.path("type").asString(options.path("combination_type").asString(""));
      return type.isEmpty() ? form : form + " " + type;
    }
  }

  /** Aliases of models. */
  @Controller
  static class AliasesConsoleController {
    private static final int NOT_FOUND = 404;

    private final ConsoleApi api;
    private final JsonMapper json;

    AliasesConsoleController(ConsoleApi api, JsonMapper json) {
      this.api = api;
      this.json = json;
    }

    /** Moves an existing alias, or creates it. */
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
      } catch (ConsoleAdvice.PageRefused refused) {
        if (refused.status() != NOT_FOUND) throw refused;
        api.createAlias(asked.put("name", name));
      }
      return "redirect:/console/models#aliases";
    }

    /**
     * @param current the alias's model on the page, so that pressing the button twice rolls back
     *     once
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
}
