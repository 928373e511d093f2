package dev.graft.console;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** A department's limits, usage and keys; and all departments, for administrators. */
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
      throw ConsoleAdvice.PageRefused.notFound("page");
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

  /** Shows the new key on the page, without a redirect, because it is shown only once. */
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

  /** A department of the API (OpenAI's project). */
  record DepartmentView(String id, String name, long createdAt, String status) {
    /**
     * @param settings the administrators' settings; null values mean defaults
     * @param quotas the effective quotas and their usage
     */
    public record LimitsView(
        Map<String, @Nullable Object> settings, Map<String, QuotaView> quotas) {}

    public record RateLimitView(
        @JsonProperty("max_requests_per_1_minute") int maxRequestsPerMinute) {}

    public record QuotaView(@Nullable Double limit, double used) {
      /** Returns the progress, from 0 to 100. */
      public int percent() {
        if (limit == null) return 0;
        return limit == 0 ? 100 : (int) Math.clamp(100 * used / limit, 0, 100);
      }
    }

    /** Usage per day. */
    public record UsageView(List<DayView> data) {
      public double deviceSeconds() {
        return data.stream()
            .flatMap(day -> day.results().stream())
            .mapToDouble(UsedView::deviceSeconds)
            .sum();
      }

      public long trainedTokens() {
        return data.stream()
            .flatMap(day -> day.results().stream())
            .mapToLong(UsedView::trainedTokens)
            .sum();
      }
    }

    public record DayView(List<UsedView> results) {}

    public record UsedView(double deviceSeconds, long trainedTokens) {}

    public record KeyView(
        String id,
        String name,
        String redactedValue,
        long createdAt,
        @Nullable Long lastUsedAt,
        @Nullable Long expiresAt,
        @Nullable String replaces) {}

    /** A new service account with its key, which is shown only once. */
    public record AccountView(String id, String name, @Nullable NewKeyView apiKey) {}

    public record NewKeyView(String id, String value) {}
  }
}
