package dev.graft.inference.child;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;

/** One line from the inferrer to the server. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Reply.Ready.class, name = "ready"),
  @JsonSubTypes.Type(value = Reply.Answer.class, name = "answer"),
  @JsonSubTypes.Type(value = Reply.Refused.class, name = "refused"),
  @JsonSubTypes.Type(value = Reply.Failed.class, name = "failed")
})
public sealed interface Reply {
  /** The base model is loaded; asks may come. Sent once, first. */
  record Ready() implements Reply {}

  /**
   * The answer.
   *
   * @param stopped the model or a stop string ended it; else the token bound did
   */
  record Answer(long id, String text, int promptTokens, int completionTokens, boolean stopped)
      implements Reply {}

  /** Why a request cannot be answered. */
  enum Cause {
    CONTEXT_LENGTH_EXCEEDED,
    /** Control tokens in the text, or turns that the chat template does not take. */
    INVALID_PROMPT
  }

  /** The request cannot be answered and it is the request's fault. */
  record Refused(long id, Cause cause, @Nullable String param, String message) implements Reply {}

  /** The request failed and it is not its fault; the message is for the server's log. */
  record Failed(long id, String message) implements Reply {}
}
