package dev.graft.jobs;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Use as CSV (RFC 4180), a line for each result of a {@link UsagePage}. */
final class UsageCsv {
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

  /** Nothing that a spreadsheet would run: a class's name is an administrator's, but still. */
  private static String cell(@Nullable String value) {
    if (value == null) return "";
    String plain = value.matches("[=+@\\t\\r-].*") ? "'" + value : value;
    return plain.matches(".*[\",\\r\\n].*") ? '"' + plain.replace("\"", "\"\"") + '"' : plain;
  }
}
