package dev.graft.console;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseBody;

/** The department's jobs, and one of them while it trains and after. */
@Controller
@RequestMapping("/console/jobs")
class JobsConsoleController {
  private static final int PAGE = 20;
  private static final int NEWEST_EVENTS = 30;
  private static final int CHECKPOINTS = 100;
  private static final Set<String> ACTIONS =
      Set.of("cancel", "pause", "resume", "approve", "reject");

  private final ConsoleApi api;

  JobsConsoleController(ConsoleApi api) {
    this.api = api;
  }

  /** As a page, or as its rows alone where the page asks again. */
  @GetMapping
  String list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String part, Model model) {
    model.addAttribute("jobs", api.jobs(after, PAGE));
    model.addAttribute("after", after);
    return part == null ? "jobs" : "jobs :: rows";
  }

  @GetMapping("/{id}")
  String job(@PathVariable String id, @RequestParam @Nullable String part, Model model) {
    model.addAttribute("job", api.job(id));
    model.addAttribute("events", api.events(id, null, NEWEST_EVENTS));
    model.addAttribute("checkpoints", api.checkpoints(id, CHECKPOINTS));
    return part == null ? "job" : "job :: live";
  }

  /** The numbers of the steps from {@code from} on. */
  @GetMapping("/{id}/curve")
  @ResponseBody
  Curve curve(@PathVariable String id, @RequestParam(defaultValue = "0") long from) {
    return Curve.read(api, id, from);
  }

  @PostMapping("/{id}/{action}")
  String act(@PathVariable String id, @PathVariable String action) {
    if (!ACTIONS.contains(action)) throw PageRefused.notFound("action " + action);
    api.act(id, action);
    return "redirect:/console/jobs/" + id;
  }
}
