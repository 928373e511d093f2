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

/** What was trained: cards, where they load, downloads. */
@Controller
@RequestMapping("/console/models")
class ModelsConsoleController {
  private static final int PAGE = 20;
  private static final int MOST_ALIASES = 100;
  private static final int EXPORTS = 100;

  private final ConsoleApi api;
  private final Relay relay;

  ModelsConsoleController(ConsoleApi api, Relay relay) {
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

  /** Null where the adapter is another department's. */
  private ConsoleApi.@Nullable Listed<ExportView> own(String id) {
    try {
      return api.exports(id, EXPORTS);
    } catch (PageRefused refused) {
      if (refused.status() != 404) throw refused;
      return null;
    }
  }

  /**
   * @param choice form and type, with a space between them
   */
  @PostMapping("/{id}/exports")
  String export(@PathVariable String id, @RequestParam String choice) {
    List<String> parts = List.of(choice.split(" "));
    Map<String, Object> asked = new HashMap<>(Map.of("form", parts.getFirst()));
    if (parts.size() > 1) asked.put("type", parts.get(1));
    api.createExport(id, asked);
    return "redirect:/console/models/" + id + "#exports";
  }

  /** The newest that it can be combined with. */
  private List<AdapterView> others(AdapterView adapter) {
    return api.adapters(null, null, EXPORTS).data().stream()
        .filter(each -> each.baseModel().equals(adapter.baseModel()))
        .filter(each -> !each.id().equals(adapter.id()))
        .toList();
  }

  /**
   * @param weights of this adapter and the other
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
   * The job that made it, for its names; null where it is another department's, or not for this
   * key.
   */
  private @Nullable JobView origin(String job) {
    try {
      return api.job(job);
    } catch (PageRefused refused) {
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
}
