package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** What the error of a request was about, for filters that come after its controller. */
public final class ErrorAttributes {
  private static final String ABOUT = ErrorAttributes.class.getName() + ".about";

  private ErrorAttributes() {}

  /** The id that was asked for in vain, or null. */
  public static @Nullable String about(HttpServletRequest request) {
    return request.getAttribute(ABOUT) instanceof String id ? id : null;
  }

  static void set(HttpServletRequest request, RequestFailed problem) {
    if (problem.about() != null) request.setAttribute(ABOUT, problem.about());
  }
}
