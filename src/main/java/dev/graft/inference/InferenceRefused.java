package dev.graft.inference;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Nearest;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The error with which a request to a model is refused. */
final class InferenceRefused extends RequestFailed {
  private static final long serialVersionUID = 1L;

  private static final Duration SOON = Duration.ofSeconds(2);

  /** Whether the request was never tried, for lack of capacity. */
  private final boolean busy;

  private InferenceRefused(ProblemType type, @Nullable String param, String message) {
    this(type, param, message, false);
  }

  private InferenceRefused(ProblemType type, @Nullable String param, String message, boolean busy) {
    super(type, message, param);
    this.busy = busy;
  }

  static InferenceRefused missing(String param) {
    return new InferenceRefused(
        ProblemType.MISSING_PARAMETER, param, "Missing required parameter: '" + param + "'.");
  }

  static InferenceRefused unknown(String param) {
    return new InferenceRefused(
        ProblemType.UNKNOWN_PARAMETER, param, "Unknown parameter: '" + param + "'.");
  }

  /**
   * @param what the predicate of a sentence about the parameter, without full stop
   */
  static InferenceRefused value(String param, String what) {
    return new InferenceRefused(ProblemType.INVALID_VALUE, param, "'" + param + "' " + what + ".");
  }

  /** Returns the error for a parameter that OpenAI supports and Graft does not. */
  static InferenceRefused unsupported(String param, String what) {
    return new InferenceRefused(ProblemType.NOT_SUPPORTED, param, "'" + param + "' " + what + ".");
  }

  static InferenceRefused notAnObject() {
    return new InferenceRefused(
        ProblemType.INVALID_JSON, null, "The request body must be a JSON object.");
  }

  static InferenceRefused byModel(Reply.Refused refused) {
    ProblemType type =
        switch (refused.cause()) {
          case CONTEXT_LENGTH_EXCEEDED -> ProblemType.CONTEXT_LENGTH_EXCEEDED;
          case INVALID_PROMPT -> ProblemType.INVALID_PROMPT;
          case INVALID_VALUE -> ProblemType.INVALID_VALUE;
        };
    return new InferenceRefused(type, refused.param(), refused.message());
  }

  /**
   * @param known names of the models that can be asked
   */
  static InferenceRefused noSuchModel(String model, List<String> known) {
    return new InferenceRefused(
        ProblemType.MODEL_NOT_FOUND,
        "model",
        "The model '%s' does not exist.%s GET /v1/models lists the available models."
            .formatted(Nearest.shown(model), Nearest.sentence(model, known)));
  }

  /**
   * @param why a sentence about its job
   */
  static InferenceRefused notTrained(String model, String why) {
    return new InferenceRefused(
        ProblemType.WRONG_STATE,
        "model",
        "The model '%s' does not exist. %s".formatted(model, why));
  }

  /**
   * @param why a sentence about what it was
   */
  static InferenceRefused removed(String model, String why) {
    return new InferenceRefused(
        ProblemType.MODEL_NOT_FOUND,
        "model",
        "The model '%s' no longer exists. %s".formatted(model, why));
  }

  static InferenceRefused disabled(String model) {
    return new InferenceRefused(
        ProblemType.WRONG_STATE,
        "model",
        "An administrator has disabled '%s'; models trained on it still answer.".formatted(model));
  }

  static InferenceRefused writesNoText(String model) {
    return new InferenceRefused(
        ProblemType.NOT_SUPPORTED,
        "model",
        "The model '%s' classifies text and generates none. Use POST /v1/classify."
            .formatted(model));
  }

  static InferenceRefused labelsNoText(String model) {
    return new InferenceRefused(
        ProblemType.NOT_SUPPORTED,
        "model",
        "The model '%s' generates text and has no head for labels. Use POST /v1/chat/completions."
            .formatted(model));
  }

  static InferenceRefused otherType(String model, String type) {
    return new InferenceRefused(
        ProblemType.NOT_SUPPORTED,
        "model",
        ("The model '%s' cannot be asked here: Graft does not answer with models of type %s. Its"
                + " adapters are for download, GET /v1/adapters/ID/content, and load in Hugging"
                + " Face peft.")
            .formatted(model, type));
  }

  static RequestFailed noCapacity(Inferrer.NoCapacity full) {
    String message = "No capacity: " + full.why() + ". Try again later.";
    return new InferenceRefused(ProblemType.UNAVAILABLE, null, message, true)
        .retryAfter(full.retryAfter());
  }

  boolean busy() {
    return busy;
  }

  static RequestFailed unavailable() {
    return lost(false);
  }

  /** The engine could not be reached, or the model's files could not be read. */
  static RequestFailed unreachable() {
    return lost(true);
  }

  private static RequestFailed lost(boolean busy) {
    String message = "The model's process ended or took too long. Try again.";
    return new InferenceRefused(ProblemType.UNAVAILABLE, null, message, busy).retryAfter(SOON);
  }

  static InferenceRefused failed() {
    return new InferenceRefused(ProblemType.INTERNAL, null, "The model could not answer.");
  }
}
