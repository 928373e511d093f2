package dev.graft.platform;

import org.jspecify.annotations.Nullable;

/** The kinds of errors: HTTP status, OpenAI type and code. */
public enum ProblemType {
  INVALID_REQUEST(400, "invalid_request_error", null),
  INVALID_VALUE(400, "invalid_request_error", "invalid_value"),
  INVALID_JSON(400, "invalid_request_error", "invalid_json"),
  UNKNOWN_PARAMETER(400, "invalid_request_error", "unknown_parameter"),
  MISSING_PARAMETER(400, "invalid_request_error", "missing_required_parameter"),
  /** A conversation that is longer than the model's context. */
  CONTEXT_LENGTH_EXCEEDED(400, "invalid_request_error", "context_length_exceeded"),
  /** A text that the model's tokenizer or chat template refuses. */
  INVALID_PROMPT(400, "invalid_request_error", "invalid_prompt"),
  /** A setting that Graft knows but does not support yet. */
  NOT_SUPPORTED(400, "invalid_request_error", "unsupported_value"),
  INVALID_FILE(400, "invalid_request_error", "invalid_file_format"),
  /** The state of the object does not allow this, such as cancelling a finished job. */
  WRONG_STATE(400, "invalid_request_error", "invalid_state"),
  INVALID_API_KEY(401, "invalid_request_error", "invalid_api_key"),
  PERMISSION_DENIED(403, "invalid_request_error", "insufficient_permissions"),
  NOT_FOUND(404, "invalid_request_error", "not_found"),
  MODEL_NOT_FOUND(404, "invalid_request_error", "model_not_found"),
  UNKNOWN_URL(404, "invalid_request_error", "unknown_url"),
  METHOD_NOT_ALLOWED(405, "invalid_request_error", "method_not_allowed"),
  NOT_ACCEPTABLE(406, "invalid_request_error", "not_acceptable"),
  /** The same request is still in progress: the only 409 that a client should retry. */
  IN_PROGRESS(409, "conflict_error", "request_in_progress"),
  CONFLICT(409, "conflict_error", "conflict"),
  /** A worker's lease is no longer valid: the worker must stop working on the job. */
  LEASE_LOST(409, "conflict_error", "lease_lost"),
  /** The object has been deleted. */
  GONE(410, "invalid_request_error", "deleted"),
  /** The object has changed since the client read it (If-Match). */
  PRECONDITION_FAILED(412, "invalid_request_error", "precondition_failed"),
  TOO_LARGE(413, "invalid_request_error", "request_too_large"),
  UNSUPPORTED_MEDIA_TYPE(415, "invalid_request_error", "unsupported_media_type"),
  RANGE_NOT_SATISFIABLE(416, "invalid_request_error", "range_not_satisfiable"),
  IDEMPOTENCY_MISMATCH(422, "invalid_request_error", "idempotency_key_reused"),
  RATE_LIMITED(429, "requests", "rate_limit_exceeded"),
  QUOTA_EXCEEDED(429, "insufficient_quota", "insufficient_quota"),
  INTERNAL(500, "server_error", "internal_error"),
  UNAVAILABLE(503, "server_error", "unavailable"),
  STORAGE_FULL(507, "server_error", "storage_full");

  private final int status;
  private final String type;
  private final @Nullable String code;

  ProblemType(int status, String type, @Nullable String code) {
    this.status = status;
    this.type = type;
    this.code = code;
  }

  /** Returns the HTTP status. */
  public int status() {
    return status;
  }

  /** Returns the OpenAI envelope's {@code error.type}. */
  String type() {
    return type;
  }

  /** Returns the OpenAI envelope's {@code error.code}. */
  public @Nullable String code() {
    return code;
  }
}
