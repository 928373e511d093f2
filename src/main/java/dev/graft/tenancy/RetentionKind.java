package dev.graft.tenancy;

import java.util.Locale;

/** What has a clock of its own. */
public enum RetentionKind {
  /** Files of purpose {@code fine-tune}, from their upload. */
  DATASETS,
  /** Those of a job, from its end. */
  CHECKPOINTS,
  /** From their publication. */
  ADAPTERS,
  /** The events and the step metrics of a job, from its end. */
  LOGS,
  /** With what was asked and said, from their end. */
  EVALUATIONS;

  /** The name on the wire and in the database. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  static RetentionKind of(String wire) {
    return valueOf(wire.toUpperCase(Locale.ROOT));
  }
}
