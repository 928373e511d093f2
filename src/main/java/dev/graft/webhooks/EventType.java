package dev.graft.webhooks;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.graft.platform.RequestFailed;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an endpoint can be told. The first three are OpenAI's; the trigger has the others, too. */
enum EventType {
  JOB_SUCCEEDED("fine_tuning.job.succeeded"),
  JOB_FAILED("fine_tuning.job.failed"),
  JOB_CANCELLED("fine_tuning.job.cancelled"),
  JOB_RUNNING("fine_tuning.job.running"),
  JOB_PAUSED("fine_tuning.job.paused"),
  JOB_WAITING("fine_tuning.job.waiting_for_approval");

  private final String wireName;

  EventType(String wireName) {
    this.wireName = wireName;
  }

  @JsonValue
  String wireName() {
    return wireName;
  }

  private static Optional<EventType> named(String wireName) {
    return Arrays.stream(values()).filter(each -> each.wireName.equals(wireName)).findFirst();
  }

  /** As it was stored. */
  static EventType of(String wireName) {
    return named(wireName).orElseThrow(() -> new IllegalArgumentException(wireName));
  }

  /** As a request names it. */
  static EventType wanted(@Nullable String name, String param) {
    if (name == null) throw RequestFailed.invalid(param, "must not be null");
    return named(name)
        .orElseThrow(
            () ->
                RequestFailed.invalid(
                    param,
                    "'%s' is no event that there is; known are %s."
                        .formatted(
                            name.length() > 100 ? name.substring(0, 100) : name,
                            Arrays.stream(values())
                                .map(EventType::wireName)
                                .collect(Collectors.joining(", ")))));
  }

  /** Each once. */
  static Set<EventType> wanted(Collection<String> names) {
    Set<EventType> wanted = EnumSet.noneOf(EventType.class);
    for (String name : names) wanted.add(wanted(name, "event_types"));
    if (wanted.isEmpty()) throw RequestFailed.invalid("event_types", "must name one at least");
    return wanted;
  }
}
