package dev.graft.platform;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's error body: {@code {"error": {message, type, param, code}}}, with Graft's {@code errors}
 * inside.
 */
public record ErrorEnvelope(Body error) {
  /** OpenAI's four keys are always present, {@code errors} only if it is not empty. */
  public record Body(
      String message,
      String type,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String param,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String code,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) List<ErrorDetail> errors) {}

  public static ErrorEnvelope of(RequestFailed problem) {
    ProblemType type = problem.type();
    return new ErrorEnvelope(
        new Body(
            problem.getMessage(), type.type(), problem.param(), type.code(), problem.findings()));
  }
}
