package dev.graft.console;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** A job that is thought about: its form, what it would take, what its rows become. */
@Controller
@RequestMapping("/console/new-job")
class NewJobConsoleController {
  private final ConsoleApi api;
  private final Choices choices;

  NewJobConsoleController(ConsoleApi api, Choices choices) {
    this.api = api;
    this.choices = choices;
  }

  @GetMapping
  String form(
      @RequestParam @Nullable String model, @RequestParam @Nullable String file, Model page) {
    page.addAttribute("models", choices.models(model));
    page.addAttribute("files", choices.files(file));
    page.addAttribute("configs", api.configs(Choices.NEWEST).data());
    page.addAttribute("model", model);
    page.addAttribute("file", file);
    return "new-job";
  }

  @PostMapping("/quote")
  String quote(@ModelAttribute NewJobForm form, Model page) {
    page.addAttribute("quote", api.quote(form.request()));
    return "quote";
  }

  @PostMapping("/preview")
  String preview(@ModelAttribute NewJobForm form, Model page) {
    page.addAttribute("preview", api.preview(form.request().put("rows", NewJobForm.SHOWN_ROWS)));
    return "preview";
  }

  /** htmx follows to the job; a refusal stays beside the form, with all that was typed. */
  @PostMapping
  void create(@ModelAttribute NewJobForm form, HttpServletResponse response) {
    response.setHeader("hx-redirect", "/console/jobs/" + api.createJob(form.request()).id());
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
  }
}
