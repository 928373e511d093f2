package dev.graft.console;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Base models and their imports, for administrators. */
@Controller
@RequestMapping("/console/base-models")
class BaseModelsConsoleController {
  private static final int PAGE = 100;
  private static final int NEWEST = 20;

  private final ConsoleApi api;

  BaseModelsConsoleController(ConsoleApi api) {
    this.api = api;
  }

  /** Renders the page, or only the imports while some are running. */
  @GetMapping
  String list(@RequestParam @Nullable String part, Model page) {
    List<BaseModelView.ImportView> imports = api.imports(NEWEST).data();
    page.addAttribute("imports", imports);
    page.addAttribute("pending", imports.stream().anyMatch(each -> !each.ended()));
    if (part != null) return "base-models :: imports";
    page.addAttribute("baseModels", api.baseModels(PAGE).data());
    page.addAttribute("suggestions", api.suggestions().data());
    return "base-models";
  }

  @PostMapping
  String add(@RequestParam String name, @RequestParam String source) {
    api.addBaseModel(Map.of("name", name.strip(), "source", source.strip()));
    return "redirect:/console/base-models#imports";
  }

  @PostMapping("/imports/{id}/cancel")
  String cancel(@PathVariable String id) {
    api.cancelImport(id);
    return "redirect:/console/base-models#imports";
  }

  /** A base model of the API. */
  record BaseModelView(
      String id,
      String family,
      long parameters,
      int contextLength,
      long bytes,
      @Nullable String license,
      boolean enabled) {
    /** An import of a base model. */
    public record ImportView(
        String id,
        String name,
        String source,
        String status,
        long bytes,
        @Nullable Long totalBytes,
        @Nullable String error,
        long createdAt) {
      public boolean ended() {
        return !status.equals("queued") && !status.equals("running");
      }

      /** Returns the progress, from 0 to 100. */
      public long percent() {
        return totalBytes == null || totalBytes == 0 ? 0 : Math.min(100, 100 * bytes / totalBytes);
      }
    }

    /** A suggested model of the hub. */
    public record SuggestionView(String id, String source, @Nullable Boolean fits) {}
  }
}
