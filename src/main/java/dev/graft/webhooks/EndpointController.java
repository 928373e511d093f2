package dev.graft.webhooks;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import dev.graft.webhooks.WebhookEvent.WebhookEventType;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's webhook endpoints: URLs to which Graft sends the events of a department. */
@RestController
class EndpointController {
  private static final String ALL = "/v1/webhook_endpoints";
  private static final String ONE = ALL + "/{endpoint}";

  private final EndpointService endpoints;
  private final WebhookSender sender;
  private final Idempotency idempotency;

  EndpointController(EndpointService endpoints, WebhookSender sender, Idempotency idempotency) {
    this.endpoints = endpoints;
    this.sender = sender;
    this.idempotency = idempotency;
  }

  record NewEndpoint(
      @Nullable String name, @Nullable String url, @Nullable List<String> eventTypes) {}

  /**
   * @param status {@code enabled} or {@code disabled}
   */
  record EndpointChange(
      @Nullable String name,
      @Nullable String url,
      @Nullable List<String> eventTypes,
      @Nullable String status) {}

  record Rotation(
      @JsonProperty("keep_old_secret_active_for_24_hours") @Nullable Boolean keepOldSecret) {}

  record TestRequest(@Nullable String eventType) {}

  /**
   * @param success always true: no answer at all is an error
   */
  record TestResult(
      String object,
      String webhookEndpointId,
      WebhookEventType eventType,
      int statusCode,
      boolean success) {}

  record EventTypes(String object, List<WebhookEventType> data) {}

  @GetMapping("/v1/webhook_event_types")
  EventTypes eventTypes() {
    return new EventTypes("list", Arrays.asList(WebhookEventType.values()));
  }

  @GetMapping(ALL)
  CursorPage<EndpointObject> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        endpoints.list(caller.departmentId(), page).stream()
            .map(each -> EndpointObject.of(each, null))
            .toList(),
        page.limit(),
        EndpointObject::id);
  }

  @PostMapping(ALL)
  EndpointObject create(
      @AuthenticationPrincipal Caller caller,
      HttpServletRequest http,
      @RequestBody NewEndpoint request) {
    String name = RequestFailed.required(request.name(), "name");
    String url = RequestFailed.required(request.url(), "url");
    Set<WebhookEventType> events =
        WebhookEventType.wanted(RequestFailed.required(request.eventTypes(), "event_types"));
    endpoints.requireReachable(url);
    String department = caller.departmentId();
    String body = IdempotentRequest.hash(name, url, events.toString());
    IdempotentRequest submission = IdempotentRequest.of(http, department, "POST " + ALL, body);
    return withSecret(
        department,
        idempotency.once(submission, () -> endpoints.create(department, name, url, events)));
  }

  private EndpointObject withSecret(String department, String id) {
    WebhookEndpoint endpoint = endpoints.require(department, id);
    return EndpointObject.of(endpoint, endpoints.secretOf(endpoint));
  }

  @GetMapping(ONE)
  EndpointObject get(@AuthenticationPrincipal Caller caller, @PathVariable String endpoint) {
    return EndpointObject.of(endpoints.require(caller.departmentId(), endpoint), null);
  }

  @PostMapping(ONE)
  EndpointObject change(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String endpoint,
      @RequestBody EndpointChange request) {
    endpoints.require(caller.departmentId(), endpoint);
    if (request.url() != null) endpoints.requireReachable(request.url());
    endpoints.change(
        caller.departmentId(),
        endpoint,
        new WebhookEndpoint.Change(
            request.name(),
            request.url(),
            request.eventTypes() == null ? null : WebhookEventType.wanted(request.eventTypes()),
            enabled(request.status())));
    return get(caller, endpoint);
  }

  private static @Nullable Boolean enabled(@Nullable String status) {
    return switch (status) {
      case null -> null;
      case "enabled" -> true;
      case "disabled" -> false;
      default -> throw RequestFailed.invalid("status", "must be enabled or disabled");
    };
  }

  /**
   * Rotates once per idempotency key, so that a repeated request does not replace the new secret.
   */
  @PostMapping(ONE + "/rotate_secret")
  EndpointObject rotate(
      @AuthenticationPrincipal Caller caller,
      HttpServletRequest http,
      @PathVariable String endpoint,
      @RequestBody(required = false) @Nullable Rotation request) {
    boolean keepOld = request != null && Boolean.TRUE.equals(request.keepOldSecret());
    String department = caller.departmentId();
    String route = "POST " + ONE + "/rotate_secret";
    String body = IdempotentRequest.hash(endpoint, String.valueOf(keepOld));
    return withSecret(
        department,
        idempotency.once(
            IdempotentRequest.of(http, department, route, body),
            () -> endpoints.rotate(department, endpoint, keepOld)));
  }

  /** Sends a sample event and returns the status of the answer. */
  @PostMapping(ONE + "/test")
  TestResult test(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String endpoint,
      @RequestBody TestRequest request) {
    WebhookEndpoint to = endpoints.require(caller.departmentId(), endpoint);
    WebhookEventType type =
        WebhookEventType.wanted(
            RequestFailed.required(request.eventType(), "event_type"), "event_type");
    int status = sender.sendSample(to, type);
    return new TestResult("webhook_endpoint.test", endpoint, type, status, true);
  }

  @DeleteMapping(ONE)
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String endpoint) {
    endpoints.delete(caller.departmentId(), endpoint);
    return new DeletedObject(endpoint, "webhook_endpoint.deleted", true);
  }

  /**
   * OpenAI's webhook endpoint; {@code status} and {@code disabled_reason} are Graft's. Times in
   * unix seconds.
   *
   * @param signingSecret {@code whsec_...}, only in the answer that creates or rotates it
   * @param signingSecretHint the last characters of the secret
   * @param status {@code enabled} or {@code disabled}
   * @param disabledReason a sentence; null = it is enabled
   */
  record EndpointObject(
      String id,
      String object,
      String name,
      String url,
      Set<WebhookEventType> eventTypes,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String signingSecret,
      String signingSecretHint,
      long createdAt,
      long updatedAt,
      String status,
      @Nullable String disabledReason) {
    static EndpointObject of(WebhookEndpoint endpoint, @Nullable String secret) {
      return new EndpointObject(
          endpoint.getId(),
          "webhook_endpoint",
          endpoint.name(),
          endpoint.url(),
          endpoint.events(),
          secret,
          endpoint.secret().hint(),
          endpoint.createdAt().getEpochSecond(),
          endpoint.updatedAt().getEpochSecond(),
          endpoint.disabledReason() == null ? "enabled" : "disabled",
          endpoint.disabledReason());
    }
  }
}
