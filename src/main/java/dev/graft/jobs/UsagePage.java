package dev.graft.jobs;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Use in the shape of OpenAI's usage pages: a bucket a day, also for days without any.
 *
 * @param nextPage to be sent as {@code page}; null on the last one
 */
record UsagePage(String object, List<Bucket> data, boolean hasMore, @Nullable String nextPage) {
  record Bucket(String object, long startTime, long endTime, List<Result> results) {}

  /** What was not asked for in {@code group_by} is null. */
  record Result(
      String object,
      @Nullable String projectId,
      @Nullable String userId,
      @Nullable String jobId,
      @Nullable String workerClass,
      long numJobs,
      double deviceSeconds,
      long trainedTokens,
      Amount amount) {}

  record Amount(BigDecimal value, String currency) {}

  static UsagePage of(UsageQuery query, List<UsageLedger.Use> use, String currency) {
    List<Bucket> buckets = new ArrayList<>();
    for (Instant day = query.from(); day.isBefore(query.to()); day = next(day)) {
      Instant begin = day;
      List<Result> results =
          use.stream()
              .filter(each -> each.day().equals(begin))
              .map(each -> result(each, currency))
              .toList();
      buckets.add(new Bucket("bucket", day.getEpochSecond(), next(day).getEpochSecond(), results));
    }
    boolean more = query.to().isBefore(query.until());
    return new UsagePage(
        "page", buckets, more, more ? Long.toString(query.to().getEpochSecond()) : null);
  }

  private static Result result(UsageLedger.Use use, String currency) {
    return new Result(
        "organization.usage.fine_tuning.result",
        use.projectId(),
        use.userId(),
        use.jobId(),
        use.workerClass(),
        use.jobs(),
        use.deviceSeconds(),
        use.trainedTokens(),
        new Amount(use.amount(), currency));
  }

  private static Instant next(Instant day) {
    return day.plus(1, ChronoUnit.DAYS);
  }
}
