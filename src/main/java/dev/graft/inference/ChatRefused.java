package dev.graft.inference;

import dev.graft.inference.child.Reply;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A chat that is not answered, as the caller is told. */
final class ChatRefused extends RequestFailed {
  private static final long serialVersionUID = 1L;

  private static final Duration SOON = Duration.ofSeconds(2);

  /** Whether nobody was there for it: it was not tried. */
  private final boolean busy;

  private ChatRefused(ProblemType type, @Nullable String param, String message) {
    this(type, param, message, false);
  }

  private ChatRefused(ProblemType type, @Nullable String param, String message, boolean busy) {
    super(type, message, param);
    this.busy = busy;
  }

  static ChatRefused missing(String param) {
    return new ChatRefused(
        ProblemType.MISSING_PARAMETER, param, "Missing required parameter: '" + param + "'.");
  }

  static ChatRefused unknown(String param) {
    return new ChatRefused(
        ProblemType.UNKNOWN_PARAMETER, param, "Unknown parameter: '" + param + "'.");
  }

  /** A sentence about the parameter, without its subject and full stop. */
  static ChatRefused value(String param, String what) {
    return new ChatRefused(ProblemType.INVALID_VALUE, param, "'" + param + "' " + what + ".");
  }

  /** As {@link #value}, of what OpenAI has and Graft has not yet. */
  static ChatRefused unsupported(String param, String what) {
    return new ChatRefused(ProblemType.NOT_SUPPORTED, param, "'" + param + "' " + what + ".");
  }

  static ChatRefused notAnObject() {
    return new ChatRefused(
        ProblemType.INVALID_JSON, null, "The request body must be a JSON object.");
  }

  static ChatRefused byModel(Reply.Refused refused) {
    ProblemType type =
        switch (refused.cause()) {
          case CONTEXT_LENGTH_EXCEEDED -> ProblemType.CONTEXT_LENGTH_EXCEEDED;
          case INVALID_PROMPT -> ProblemType.INVALID_PROMPT;
          case INVALID_VALUE -> ProblemType.INVALID_VALUE;
        };
    return new ChatRefused(type, refused.param(), refused.message());
  }

  static ChatRefused noSuchModel(String model) {
    return new ChatRefused(
        ProblemType.MODEL_NOT_FOUND,
        "model",
        "The model '%s' does not exist. GET /v1/models lists what can be asked.".formatted(model));
  }

  /**
   * @param why a sentence about its job
   */
  static ChatRefused notTrained(String model, String why) {
    return new ChatRefused(
        ProblemType.WRONG_STATE, "model", "There is no model '%s'. %s".formatted(model, why));
  }

  /**
   * @param why a sentence about what it was
   */
  static ChatRefused removed(String model, String why) {
    return new ChatRefused(
        ProblemType.MODEL_NOT_FOUND,
        "model",
        "There is no model '%s' any more. %s".formatted(model, why));
  }

  static ChatRefused disabled(String model) {
    return new ChatRefused(
        ProblemType.WRONG_STATE,
        "model",
        "An administrator has disabled '%s'; models trained on it still answer.".formatted(model));
  }

  static ChatRefused writesNoText(String model) {
    return new ChatRefused(
        ProblemType.NOT_SUPPORTED,
        "model",
        "The model '%s' classifies text and writes none: load it in transformers."
            .formatted(model));
  }

  static RequestFailed noCapacity(NoCapacity full) {
    String message = "No capacity now: " + full.why() + ". Try again later.";
    return new ChatRefused(ProblemType.UNAVAILABLE, null, message, true)
        .retryAfter(full.retryAfter());
  }

  boolean busy() {
    return busy;
  }

  static RequestFailed unavailable() {
    return lost(false);
  }

  /** Nobody could be reached, or the model's files could not be read. */
  static RequestFailed unreachable() {
    return lost(true);
  }

  private static RequestFailed lost(boolean busy) {
    String message = "The model's process ended or took too long. Try again.";
    return new ChatRefused(ProblemType.UNAVAILABLE, null, message, busy).retryAfter(SOON);
  }

  static ChatRefused failed() {
    return new ChatRefused(ProblemType.INTERNAL, null, "The model could not answer.");
  }
}
