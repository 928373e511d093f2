package dev.graft.webhooks;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.graft.platform.RequestFailed;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An event as OpenAI defines it, which is sent to endpoints.
 *
 * @param id lets a receiver recognise an event that it has already
 * @param jobId id of the job, or name of the alias
 */
record WebhookEvent(String id, WebhookEventType type, String jobId, Instant createdAt) {
  /** Returns the body, which is the same at every attempt. */
  String body() {
    ObjectNode event = JsonMapper.shared().createObjectNode();
    event.put("id", id).put("object", "event").put("created_at", createdAt.getEpochSecond());
    event.put("type", type.wireName()).putObject("data").put("id", jobId);
    return event.toString();
  }

  /** The first three types are OpenAI's. Database triggers use the same names. */
  enum WebhookEventType {
    JOB_SUCCEEDED("fine_tuning.job.succeeded"),
    JOB_FAILED("fine_tuning.job.failed"),
    JOB_CANCELLED("fine_tuning.job.cancelled"),
    JOB_RUNNING("fine_tuning.job.running"),
    JOB_PAUSED("fine_tuning.job.paused"),
    JOB_WAITING("fine_tuning.job.waiting_for_approval"),
    ALIAS_MOVED("alias.moved");

    private final String wireName;

    WebhookEventType(String wireName) {
      this.wireName = wireName;
    }

    @JsonValue
    String wireName() {
      return wireName;
    }

    private static Optional<WebhookEventType> named(String wireName) {
      return Arrays.stream(values()).filter(each -> each.wireName.equals(wireName)).findFirst();
    }

    /** Returns the type with a stored name. */
    static WebhookEventType of(String wireName) {
      return named(wireName).orElseThrow(() -> new IllegalArgumentException(wireName));
    }

    /** Returns the type that a request names. */
    static WebhookEventType wanted(@Nullable String name, String param) {
      if (name == null) throw RequestFailed.invalid(param, "must not be null");
      return named(name)
          .orElseThrow(
              () ->
                  RequestFailed.invalid(
                      param,
                      "'%s' is not an event type. Event types are %s."
                          .formatted(
                              name.length() > 100 ? name.substring(0, 100) : name,
                              Arrays.stream(values())
                                  .map(WebhookEventType::wireName)
                                  .collect(Collectors.joining(", ")))));
    }

    /** Returns the types that a request names, without repetitions. */
    static Set<WebhookEventType> wanted(Collection<String> names) {
      Set<WebhookEventType> wanted = EnumSet.noneOf(WebhookEventType.class);
      for (String name : names) wanted.add(wanted(name, "event_types"));
      if (wanted.isEmpty())
        throw RequestFailed.invalid("event_types", "must name at least one event type");
      return wanted;
    }
  }
}
