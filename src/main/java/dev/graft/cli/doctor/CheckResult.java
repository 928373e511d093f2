package dev.graft.cli.doctor;

import org.jspecify.annotations.Nullable;

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
