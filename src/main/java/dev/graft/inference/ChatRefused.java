package dev.graft.inference;

import org.jspecify.annotations.Nullable;

/** A chat that is not answered, as the caller is told. */
final class ChatRefused extends RuntimeException {
  private ChatRefused(int status, @Nullable String param, String code, String message) {
    super(message);
  }

  static ChatRefused missing(String param) {
    return invalid(
        param, "missing_required_parameter", "Missing required parameter: '" + param + "'.");
  }

  static ChatRefused unknown(String param) {
    return invalid(param, "unknown_parameter", "Unknown parameter: '" + param + "'.");
  }

  static ChatRefused value(@Nullable String param, String what) {
    return invalid(param, "invalid_value", sentence(param, what));
  }

  static ChatRefused unsupported(String param, String what) {
    return invalid(param, "unsupported_parameter", sentence(param, what));
  }

  static ChatRefused invalid(@Nullable String param, String code, String message) {
    return new ChatRefused(400, param, code, message);
  }

  static ChatRefused noSuchModel(String model) {
    return new ChatRefused(
        404,
        "model",
        "model_not_found",
        "The model '"
            + model
            + "' does not exist, or its job has not succeeded yet. GET /v1/models lists what can be"
            + " asked.");
  }

  static ChatRefused noCapacity(String why) {
    return new ChatRefused(
        503, null, "no_capacity", "No capacity now: " + why + ". Try again later.");
  }

  static ChatRefused unavailable() {
    return new ChatRefused(
        503, null, "model_unavailable", "The model's process ended or took too long. Try again.");
  }

  static ChatRefused failed() {
    return new ChatRefused(500, null, "inference_failed", "The model could not answer.");
  }

  private static String sentence(@Nullable String param, String what) {
    return param == null ? what : "'" + param + "' " + what + ".";
  }
}
