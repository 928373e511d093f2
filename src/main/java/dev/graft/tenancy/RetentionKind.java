package dev.graft.tenancy;

import java.util.Locale;

/** A kind of things that has its own retention period, and when the period begins. */
public enum RetentionKind {
  /** Files of purpose {@code fine-tune}, from upload. */
  DATASETS,
  /** Checkpoints of a job, from the end of the job. */
  CHECKPOINTS,
  /** Adapters, from publication. */
  ADAPTERS,
  /** Events and step metrics of a job, from the end of the job. */
  LOGS,
  /** Evaluations with their questions and answers, from the end of the evaluation. */
  EVALUATIONS;

  /** The name on the wire and in the database. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  static RetentionKind of(String wire) {
    return valueOf(wire.toUpperCase(Locale.ROOT));
  }
}
