package dev.graft.console;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** OpenAI's project, as the API tells it. */
record Department(
    String id, String name, long createdAt, @Nullable Long archivedAt, String status) {
  record Limits(Map<String, Quota> quotas) {}

  record Quota(@Nullable Double limit, double used) {
    /** From 0 to 100. */
    public int percent() {
      if (limit == null) return 0;
      return limit == 0 ? 100 : (int) Math.clamp(100 * used / limit, 0, 100);
    }
  }

  /** Device time by the day. */
  record Usage(List<Day> data) {
    public double deviceSeconds() {
      return data.stream()
          .flatMap(day -> day.results().stream())
          .mapToDouble(Used::deviceSeconds)
          .sum();
    }

    public long trainedTokens() {
      return data.stream()
          .flatMap(day -> day.results().stream())
          .mapToLong(Used::trainedTokens)
          .sum();
    }
  }

  record Day(long startTime, List<Used> results) {}

  record Used(long numJobs, double deviceSeconds, long trainedTokens) {}

  record Key(
      String id,
      String name,
      String redactedValue,
      long createdAt,
      @Nullable Long lastUsedAt,
      @Nullable Long expiresAt,
      @Nullable List<String> scopes) {}

  /** A service account that was made, with its key, which is shown this once. */
  record Account(String id, String name, @Nullable NewKey apiKey) {}

  record NewKey(String id, String value) {}
}
