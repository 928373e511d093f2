package dev.graft.jobs;

/** This department has no such job. */
final class JobMissing extends RuntimeException {
  private JobMissing(String message) {
    super(message);
  }

  static JobMissing named(String id) {
    return new JobMissing(
        id.matches("ftjob-[0-9a-f]{32}")
            ? "no fine-tuning job '" + id + "'"
            : "no such fine-tuning job; ids look like ftjob-...");
  }
}
