package dev.graft.cli.doctor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** The findings of all checks, in order. */
public record DoctorReport(List<CheckResult> findings) {
  private static final int LACKS = 3;

  public DoctorReport {
    findings = List.copyOf(findings);
  }

  /** Returns 3 if something is missing, else 0; warnings do not count. */
  public int exitStatus() {
    return count(CheckStatus.MISSING) > 0 ? LACKS : 0;
  }

  /** Returns a line for each finding, and a line with the totals. */
  public String text() {
    int width = findings.stream().mapToInt(finding -> finding.name().length()).max().orElse(1);
    StringBuilder text = new StringBuilder();
    for (CheckResult finding : findings) {
      String name = finding.name() + " ".repeat(width - finding.name().length());
      text.append("%-7s  %s  %s".formatted(finding.status(), name, finding.detail()));
      if (finding.cure() != null) text.append("; ").append(finding.cure());
      text.append('\n');
    }
    long warnings = count(CheckStatus.WARNING);
    return text.append(
            "%d ok, %d %s, %d missing\n"
                .formatted(
                    count(CheckStatus.OK),
                    warnings,
                    warnings == 1 ? "warning" : "warnings",
                    count(CheckStatus.MISSING)))
        .toString();
  }

  /** Returns the report as one JSON object on one line. */
  public String json() {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("ok", count(CheckStatus.OK));
    report.put("warnings", count(CheckStatus.WARNING));
    report.put("missing", count(CheckStatus.MISSING));
    report.put("findings", findings.stream().map(DoctorReport::json).toList());
    return JsonMapper.shared().writeValueAsString(report) + "\n";
  }

  private static Map<String, Object> json(CheckResult finding) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", finding.name());
    object.put("status", finding.status().toString());
    object.put("detail", finding.detail());
    object.put("cure", finding.cure());
    return object;
  }

  private long count(CheckStatus status) {
    return findings.stream().filter(finding -> finding.status() == status).count();
  }

  /**
   * A finding of a check. Never contains a secret.
   *
   * @param name the same in every report
   * @param detail one line
   * @param cure what to do about it, in one sentence; null if the status is OK
   */
  record CheckResult(String name, CheckStatus status, String detail, @Nullable String cure) {
    public CheckResult {
      if ((cure == null) != (status == CheckStatus.OK)) {
        throw new IllegalArgumentException("findings other than OK need a cure, and only those");
      }
      detail = detail.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    public static CheckResult ok(String name, String detail) {
      return new CheckResult(name, CheckStatus.OK, detail, null);
    }

    public static CheckResult warning(String name, String detail, String cure) {
      return new CheckResult(name, CheckStatus.WARNING, detail, cure);
    }

    public static CheckResult missing(String name, String detail, String cure) {
      return new CheckResult(name, CheckStatus.MISSING, detail, cure);
    }
  }

  /** The status of a finding. */
  enum CheckStatus {
    OK,
    /** Graft works, but not as well or as safely as it could. */
    WARNING,
    /** Graft does not work until this is fixed. */
    MISSING;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
