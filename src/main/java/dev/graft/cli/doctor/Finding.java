package dev.graft.cli.doctor;

import org.jspecify.annotations.Nullable;

/**
 * What a check found. Never holds a secret.
 *
 * @param name of the check, the same in every report
 * @param detail in one line
 * @param cure what to do, in one sentence; null if all is well
 */
public record Finding(String name, Status status, String detail, @Nullable String cure) {
  public Finding {
    if ((cure == null) != (status == Status.OK)) {
      throw new IllegalArgumentException("what is not ok has a cure, and nothing else");
    }
    detail = detail.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  static Finding ok(String name, String detail) {
    return new Finding(name, Status.OK, detail, null);
  }

  static Finding warning(String name, String detail, String cure) {
    return new Finding(name, Status.WARNING, detail, cure);
  }

  static Finding missing(String name, String detail, String cure) {
    return new Finding(name, Status.MISSING, detail, cure);
  }
}
