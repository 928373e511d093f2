package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** The object that a request's error was about, for filters that run after the controller. */
public final class ErrorAttributes {
  private static final String ABOUT = ErrorAttributes.class.getName() + ".about";

  private ErrorAttributes() {}

  /** Returns the id that was not found, or null. */
  public static @Nullable String about(HttpServletRequest request) {
    return request.getAttribute(ABOUT) instanceof String id ? id : null;
  }

  static void set(HttpServletRequest request, RequestFailed problem) {
    if (problem.about() != null) request.setAttribute(ABOUT, problem.about());
  }
}
