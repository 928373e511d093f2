package dev.graft.jobs;

import dev.graft.jobs.UsageLedger.UsageQuery;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.ProjectAccess;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Reports used device time, of all departments or of one. */
@RestController
@RequestMapping("/v1/organization")
class UsageController {
  private static final String OF_ALL = "/usage/fine_tuning";
  private static final String OF_ONE = "/projects/{project}/usage/fine_tuning";
  private static final MediaType CSV = MediaType.parseMediaType("text/csv;charset=UTF-8");

  private final UsageLedger ledger;
  private final ProjectAccess access;
  private final Clock clock;
  private final String currency;

  UsageController(
      UsageLedger ledger,
      ProjectAccess access,
      Clock clock,
      @Value("${graft.tenancy.currency:EUR}") String currency) {
    this.ledger = ledger;
    this.access = access;
    this.clock = clock;
    this.currency = currency;
  }

  @GetMapping(OF_ALL)
  UsagePage ofAll(@RequestParam MultiValueMap<String, String> query) {
    return page(asked(query));
  }

  @GetMapping(path = OF_ALL, params = "format=csv")
  ResponseEntity<String> ofAllAsCsv(@RequestParam MultiValueMap<String, String> query) {
    return csv(asked(query));
  }

  @GetMapping(OF_ONE)
  UsagePage ofOne(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam MultiValueMap<String, String> query) {
    String department = access.toRead(identity, project).id();
    return page(asked(query).of(department));
  }

  @GetMapping(path = OF_ONE, params = "format=csv")
  ResponseEntity<String> ofOneAsCsv(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam MultiValueMap<String, String> query) {
    String department = access.toRead(identity, project).id();
    return csv(asked(query).of(department));
  }

  private UsageQuery asked(MultiValueMap<String, String> query) {
    return UsageQuery.parse(query, clock.instant());
  }

  private UsagePage page(UsageQuery asked) {
    return UsagePage.of(asked, ledger.use(asked), currency);
  }

  private ResponseEntity<String> csv(UsageQuery asked) {
    List<UsageLedger.Use> use = ledger.use(asked);
    return ResponseEntity.ok()
        .contentType(CSV)
        .header("content-disposition", "attachment; filename=\"usage.csv\"")
        .body(UsageCsv.of(use, currency));
  }

  /**
   * Use in the form of OpenAI's usage pages: one bucket per day, including days without use.
   *
   * @param nextPage value of {@code page} for the next page; null on the last page
   */
  record UsagePage(String object, List<Bucket> data, boolean hasMore, @Nullable String nextPage) {
    record Bucket(String object, long startTime, long endTime, List<Result> results) {}

    /** Fields that are not in {@code group_by} are null. */
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
        buckets.add(
            new Bucket("bucket", day.getEpochSecond(), next(day).getEpochSecond(), results));
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

  /** Use as CSV (RFC 4180), one line for each result of a {@link UsageController.UsagePage}. */
  static final class UsageCsv {
    private static final String HEADER =
        "day,project_id,user_id,job_id,worker_class,num_jobs,device_seconds,trained_tokens,amount,currency";

    private UsageCsv() {}

    static String of(List<UsageLedger.Use> use, String currency) {
      return Stream.concat(Stream.of(HEADER), use.stream().map(each -> line(each, currency)))
          .collect(Collectors.joining("\r\n", "", "\r\n"));
    }

    private static String line(UsageLedger.Use use, String currency) {
      return Stream.of(
              LocalDate.ofInstant(use.day(), ZoneOffset.UTC).toString(),
              use.projectId(),
              use.userId(),
              use.jobId(),
              use.workerClass(),
              Long.toString(use.jobs()),
              Double.toString(use.deviceSeconds()),
              Long.toString(use.trainedTokens()),
              use.amount().toPlainString(),
              currency)
          .map(UsageCsv::cell)
          .collect(Collectors.joining(","));
    }

    /** Quotes a cell, and keeps a spreadsheet from running it as a formula. */
    private static String cell(@Nullable String value) {
      if (value == null) return "";
      String plain = value.matches("[=+@\\t\\r-].*") ? "'" + value : value;
      return plain.matches(".*[\",\\r\\n].*") ? '"' + plain.replace("\"", "\"\"") + '"' : plain;
    }
  }
}
