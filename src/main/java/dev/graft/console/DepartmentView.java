package dev.graft.console;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** OpenAI's project, as the API tells it. */
record DepartmentView(String id, String name, long createdAt, String status) {
  /**
   * @param settings what administrators have said; null values are the defaults
   * @param quotas what holds now, and how much of it is used
   */
  public record LimitsView(Map<String, @Nullable Object> settings, Map<String, QuotaView> quotas) {}

  public record RateLimitView(
      @JsonProperty("max_requests_per_1_minute") int maxRequestsPerMinute) {}

  public record QuotaView(@Nullable Double limit, double used) {
    /** From 0 to 100. */
    public int percent() {
      if (limit == null) return 0;
      return limit == 0 ? 100 : (int) Math.clamp(100 * used / limit, 0, 100);
    }
  }

  /** Device time by the day. */
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

  /** A service account that was made, with its key, which is shown this once. */
  public record AccountView(String id, String name, @Nullable NewKeyView apiKey) {}

  public record NewKeyView(String id, String value) {}
}
