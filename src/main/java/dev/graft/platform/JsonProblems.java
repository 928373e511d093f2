package dev.graft.platform;

import dev.graft.spec.Nearest;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** What is wrong with a JSON body, for its sender: bad text by line and column, else by path. */
final class JsonProblems {
  private JsonProblems() {}

  static RequestFailed of(JacksonException wrong) {
    if (wrong instanceof UnrecognizedPropertyException unknown) {
      String path = path(unknown);
      return new RequestFailed(
          ProblemType.UNKNOWN_PARAMETER,
          "Unknown parameter: '%s'.%s".formatted(Nearest.shown(path), meant(unknown)),
          path);
    }
    if (wrong instanceof DatabindException) {
      if (wrong.getCause() instanceof RequestFailed problem) {
        return problem;
      }
      String path = path(wrong);
      return RequestFailed.invalid(path, "Wrong type or value at '" + path + "'.");
    }
    String what =
        wrong.getOriginalMessage().startsWith("Duplicate")
            ? "A key is given twice"
            : "The body is not valid JSON";
    return new RequestFailed(ProblemType.INVALID_JSON, what + where(wrong.getLocation()) + ".");
  }

  private static String meant(UnrecognizedPropertyException unknown) {
    Collection<Object> known = unknown.getKnownPropertyIds();
    if (known == null) return "";
    return Nearest.sentence(
        unknown.getPropertyName(), known.stream().map(String::valueOf).toList());
  }

  /** Such as {@code adapter.peft.r} or {@code messages[2].role}; {@code $} is the whole body. */
  static String path(JacksonException wrong) {
    StringBuilder path = new StringBuilder();
    for (JacksonException.Reference step : wrong.getPath()) {
      if (step.getPropertyName() == null) {
        path.append('[').append(step.getIndex()).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(step.getPropertyName());
      }
    }
    return path.isEmpty() ? "$" : path.toString();
  }

  private static String where(@Nullable TokenStreamLocation location) {
    return location == null
        ? ""
        : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
  }
}
