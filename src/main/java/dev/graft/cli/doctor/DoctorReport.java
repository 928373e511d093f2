package dev.graft.cli.doctor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** What all checks found, in their order. */
public record DoctorReport(List<CheckResult> findings) {
  private static final int LACKS = 3;

  public DoctorReport {
    findings = List.copyOf(findings);
  }

  /** 3 if something is missing, else 0: warnings do not fail. */
  public int exitStatus() {
    return count(CheckStatus.MISSING) > 0 ? LACKS : 0;
  }

  /** A line for each finding, and one that counts them. */
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

  /** The same as one JSON object in one line. */
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
   * What a check found. Never holds a secret.
   *
   * @param name of the check, the same in every report
   * @param detail in one line
   * @param cure what to do, in one sentence; null if all is well
   */
  record CheckResult(String name, CheckStatus status, String detail, @Nullable String cure) {
    public CheckResult {
      if ((cure == null) != (status == CheckStatus.OK)) {
        throw new IllegalArgumentException("what is not ok has a cure, and nothing else");
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

  /** How a check ended. */
  enum CheckStatus {
    OK,
    /** Graft works, but not as well or as safely as it could. */
    WARNING,
    /** Graft does not work before this is cured. */
    MISSING;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
