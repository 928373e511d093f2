package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.RequestFailed;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's rate limits of a project. Graft has one limit: requests to all models together. */
@RestController
@RequestMapping("/v1/organization/projects/{project}/rate_limits")
class RateLimitController {
  private static final String ID = "rl-requests";

  private final Departments departments;
  private final TenancyProperties settings;
  private final ProjectAccess access;
  private final AuditLog audit;

  RateLimitController(
      Departments departments, TenancyProperties settings, ProjectAccess access, AuditLog audit) {
    this.departments = departments;
    this.settings = settings;
    this.access = access;
    this.audit = audit;
  }

  record Change(
      @JsonProperty("max_requests_per_1_minute") @Nullable Integer maxRequestsPerMinute) {}

  /**
   * @param model always {@code *}: the limit covers all models
   * @param maxTokensPerMinute always the largest number: tokens are not limited
   */
  record RateLimitObject(
      String object,
      String id,
      String model,
      @JsonProperty("max_requests_per_1_minute") int maxRequestsPerMinute,
      @JsonProperty("max_tokens_per_1_minute") int maxTokensPerMinute) {
    RateLimitObject(int requests) {
      this("project.rate_limit", ID, "*", requests, Integer.MAX_VALUE);
    }
  }

  @GetMapping
  @Transactional
  CursorPage<RateLimitObject> list(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam @Nullable String after) {
    String department = access.toRead(identity, project).id();
    Integer own = departments.limits(department).maxRequestsPerMinute();
    int requests = own == null ? settings.requestsPerMinute() : own;
    List<RateLimitObject> all =
        Cursor.after(after) == null ? List.of(new RateLimitObject(requests)) : List.of();
    return CursorPage.of(all, false, RateLimitObject::id);
  }

  @PostMapping("/{rate_limit}")
  @Transactional
  RateLimitObject update(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable("rate_limit") String id,
      @RequestBody Change change) {
    String department = access.toWrite(identity, project).id();
    if (!id.equals(ID)) throw RequestFailed.notFound("rate limit", id);
    Integer requests =
        RequestFailed.required(change.maxRequestsPerMinute(), "max_requests_per_1_minute");
    departments.limit(department, limits -> limits.requests(requests));
    audit.write(
        "rate_limit.updated",
        department,
        ID,
        Map.of("changes_requested", Map.of("max_requests_per_1_minute", requests)));
    return new RateLimitObject(requests);
  }
}
