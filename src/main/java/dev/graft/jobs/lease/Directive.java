package dev.graft.jobs.lease;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** What the server answers to a renewal: how the worker goes on. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "directive")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Directive.Continue.class, name = "continue"),
  @JsonSubTypes.Type(value = Directive.Checkpoint.class, name = "checkpoint"),
  @JsonSubTypes.Type(value = Directive.CheckpointAndRelease.class, name = "checkpoint_and_release"),
  @JsonSubTypes.Type(value = Directive.Cancel.class, name = "cancel")
})
public sealed interface Directive {
  /** Go on. */
  record Continue() implements Directive {}

  /** Write a checkpoint now, then go on. */
  record Checkpoint() implements Directive {}

  /** Write a checkpoint, then give the job back. */
  record CheckpointAndRelease() implements Directive {}

  /** Stop; keep nothing; release. */
  record Cancel() implements Directive {}
}
