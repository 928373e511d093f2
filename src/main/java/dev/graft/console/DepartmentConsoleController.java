package dev.graft.console;

import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** A department's limits, use and keys; and all departments, for those who administrate them. */
@Controller
class DepartmentConsoleController {
  private static final int PAGE = 100;
  private static final int DAYS = 30;
  private static final int NEWEST_JOBS = 20;

  private final ConsoleApi api;
  private final Clock clock;

  DepartmentConsoleController(ConsoleApi api, Clock clock) {
    this.api = api;
    this.clock = clock;
  }

  @GetMapping("/console/departments")
  String all(@AuthenticationPrincipal Identity caller, Model page) {
    if (!caller.permissions().contains(Permission.ORGANIZATION_READ)) {
      throw PageRefused.notFound("page");
    }
    page.addAttribute("departments", api.departments(null, PAGE).data());
    page.addAttribute("jobs", api.jobsOfAll(NEWEST_JOBS).data());
    return "departments";
  }

  @PostMapping("/console/departments")
  String create(@RequestParam String name) {
    return "redirect:/console/departments/" + api.createDepartment(Map.of("name", name)).id();
  }

  @GetMapping("/console/departments/{id}")
  String department(@PathVariable String id, Model page) {
    fill(id, page);
    return "department";
  }

  /** The key is on the page that answers, and nowhere else: no redirect. */
  @PostMapping("/console/departments/{id}/accounts")
  String createKey(@PathVariable String id, @RequestParam String name, Model page) {
    page.addAttribute("made", api.createAccount(id, Map.of("name", name)));
    fill(id, page);
    return "department";
  }

  @PostMapping("/console/departments/{id}/keys/{key}/delete")
  String deleteKey(@PathVariable String id, @PathVariable String key) {
    api.deleteKey(id, key);
    return "redirect:/console/departments/" + id;
  }

  private void fill(String id, Model page) {
    long since = clock.instant().minus(DAYS, ChronoUnit.DAYS).getEpochSecond();
    page.addAttribute("department", api.department(id));
    page.addAttribute("limits", api.limits(id));
    page.addAttribute("rateLimits", api.rateLimits(id).data());
    page.addAttribute("usage", api.usage(id, since, DAYS + 1));
    page.addAttribute("keys", api.keys(id, PAGE).data());
  }
}
