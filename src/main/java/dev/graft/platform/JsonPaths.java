package dev.graft.platform;

import tools.jackson.core.JacksonException;

/** The place of a JSON error as a path: {@code adapter.peft.r}, {@code messages[2].role}. */
final class JsonPaths {
  private JsonPaths() {}

  static String of(JacksonException e) {
    StringBuilder path = new StringBuilder();
    for (JacksonException.Reference step : e.getPath()) {
      if (step.getPropertyName() != null) {
        if (!path.isEmpty()) path.append('.');
        path.append(step.getPropertyName());
      } else {
        path.append('[').append(step.getIndex()).append(']');
      }
    }
    return path.isEmpty() ? "$" : path.toString();
  }
}
