package dev.graft.console;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Whether a model is better than its base: asked, watched, read question by question. */
@Controller
@RequestMapping("/console/evaluations")
class EvaluationsConsoleController {
  private static final int PAGE = 20;

  private final ConsoleApi api;
  private final Choices choices;

  EvaluationsConsoleController(ConsoleApi api, Choices choices) {
    this.api = api;
    this.choices = choices;
  }

  @GetMapping
  String list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String part, Model page) {
    page.addAttribute("evaluations", api.evaluations(after, PAGE));
    page.addAttribute("after", after);
    return part == null ? "evaluations" : "evaluations :: rows";
  }

  @GetMapping("/new")
  String form(@RequestParam @Nullable String model, Model page) {
    page.addAttribute("models", choices.models(model));
    page.addAttribute("files", choices.files(null));
    page.addAttribute("model", model);
    page.addAttribute("graders", NewEvaluationForm.GRADERS);
    page.addAttribute("bounds", NewEvaluationForm.BOUNDS);
    return "new-evaluation";
  }

  @PostMapping
  void create(@ModelAttribute NewEvaluationForm form, HttpServletResponse response) {
    String id = api.createEvaluation(form.request()).id();
    response.setHeader("hx-redirect", "/console/evaluations/" + id);
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
  }

  @GetMapping("/{id}")
  String evaluation(@PathVariable String id, @RequestParam @Nullable String part, Model page) {
    page.addAttribute("evaluation", api.evaluation(id));
    return part == null ? "evaluation" : "evaluation :: live";
  }

  /** Questions with everyone's answer, such as those that a model answers worse. */
  @GetMapping("/{id}/samples")
  String samples(
      @PathVariable String id,
      @RequestParam @Nullable String outcome,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      Model page) {
    boolean all = outcome == null || outcome.isBlank();
    String of = all || model == null || model.isBlank() ? null : model;
    page.addAttribute("id", id);
    page.addAttribute("samples", api.samples(id, all ? null : outcome, of, after, PAGE));
    page.addAttribute("outcome", outcome);
    page.addAttribute("model", model);
    return "samples";
  }

  @PostMapping("/{id}/cancel")
  String cancel(@PathVariable String id) {
    api.cancelEvaluation(id);
    return "redirect:/console/evaluations/" + id;
  }

  @PostMapping("/{id}/delete")
  String delete(@PathVariable String id) {
    api.deleteEvaluation(id);
    return "redirect:/console/evaluations";
  }
}
