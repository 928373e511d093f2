package dev.graft.console;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Sends a question to two models, or texts to a classifier. */
@Controller
@RequestMapping("/console/playground")
class PlaygroundConsoleController {
  private static final double NANOS = 1e9;
  private static final int SHOWN_LABELS = 5;

  private final ConsoleApi api;
  private final Choices choices;

  PlaygroundConsoleController(ConsoleApi api, Choices choices) {
    this.api = api;
    this.choices = choices;
  }

  /**
   * @param model the model to try; unless it is a classifier, its base model is shown beside it
   */
  @GetMapping
  String form(@RequestParam @Nullable String model, Model page) {
    var all = choices.models(model);
    var classifiers =
        all.stream()
            .filter(ConsoleApi.ModelView::classifies)
            .sorted(Comparator.comparing(each -> !each.tuned()))
            .toList();
    page.addAttribute("classifiers", classifiers);
    page.addAttribute("model", model);
    page.addAttribute(
        "classifying", classifiers.stream().anyMatch(each -> each.id().equals(model)));
    var models = all.stream().filter(each -> !each.classifies()).toList();
    var looked =
        models.stream()
            .filter(each -> each.id().equals(model))
            .findFirst()
            .or(() -> models.stream().filter(ConsoleApi.ModelView::tuned).findFirst())
            .or(() -> models.stream().findFirst());
    page.addAttribute("models", models);
    page.addAttribute("right", looked.map(ConsoleApi.ModelView::id).orElse(null));
    page.addAttribute(
        "left",
        looked.map(each -> each.baseModel() == null ? each.id() : each.baseModel()).orElse(null));
    return "playground";
  }

  /**
   * @param texts one text per line
   */
  @PostMapping("/labels")
  String labels(@RequestParam String classifier, @RequestParam String texts, Model page) {
    List<String> lines = texts.lines().filter(line -> !line.isBlank()).toList();
    ObjectNode request = JsonMapper.shared().createObjectNode();
    request.put("model", classifier).put("truncation", true).put("top_k", SHOWN_LABELS);
    lines.forEach(request.putArray("input")::add);
    page.addAttribute("texts", lines);
    page.addAttribute("found", api.classify(request));
    return "labels";
  }

  /** Returns one model's answer; the page sends a request for each model. */
  @PostMapping("/answer")
  String answer(
      @RequestParam String model,
      @RequestParam @Nullable String system,
      @RequestParam String question,
      @RequestParam(defaultValue = "0") double temperature,
      @RequestParam(defaultValue = "256") int maxTokens,
      Model page) {
    ObjectNode request = JsonMapper.shared().createObjectNode();
    request.put("model", model).put("temperature", temperature);
    request.put("max_completion_tokens", maxTokens);
    ArrayNode messages = request.putArray("messages");
    if (system != null && !system.isBlank()) {
      messages.addObject().put("role", "system").put("content", system);
    }
    messages.addObject().put("role", "user").put("content", question);
    long asked = System.nanoTime();
    page.addAttribute("chat", api.chat(request));
    page.addAttribute("seconds", (System.nanoTime() - asked) / NANOS);
    return "answer";
  }
}
