package dev.graft.platform;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's error body: {@code {"error": {message, type, param, code}}}, with Graft's {@code errors}
 * inside.
 */
public record ErrorEnvelope(Body error) {
  /** All four of OpenAI's keys are always present; {@code errors} only where there are several. */
  public record Body(
      String message,
      String type,
      @Nullable String param,
      @Nullable String code,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Detail> errors) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Detail(String message, @Nullable String param, @Nullable Long line) {}

  static ErrorEnvelope of(ProblemException problem) {
    List<Detail> details =
        problem.findings().stream().map(f -> new Detail(f.message(), f.path(), f.line())).toList();
    ProblemType type = problem.type();
    return new ErrorEnvelope(
        new Body(problem.getMessage(), type.type(), problem.param(), type.code(), details));
  }
}
