package dev.graft.nemesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** A run that did less than it was asked for must not look like one that passed. */
class KillReportTests {
  private final StringWriter text = new StringWriter();
  private final NemesisCommand.KillReport report =
      new NemesisCommand.KillReport(new PrintWriter(text));

  @Test
  void allKillsWithoutAViolationPass() {
    report.killed("worker", "resumed");
    report.expect(true, "not said");

    assertThat(report.close(1)).isTrue();
    assertThat(text.toString()).endsWith("1 kills, 0 violations%n".formatted());
  }

  @Test
  void aViolationFailsAndIsSaid() {
    report.killed("worker", "resumed");
    report.expect(false, "a file is gone");

    assertThat(report.close(1)).isFalse();
    assertThat(text.toString()).contains("VIOLATION: a file is gone").contains("1 violations");
  }

  @Test
  void fewerKillsThanAskedForFail() {
    assertThat(report.close(1)).isFalse();
    assertThat(text.toString()).contains("only 0 of 1 kills");
  }
}
