package dev.graft.platform;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;

/** Words for a bare HTTP status that Spring or the container decided on. */
final class StatusProblems {
  private StatusProblems() {}

  public static RequestFailed of(int status, HttpServletRequest request) {
    String method = request.getMethod();
    return switch (status) {
      case 401 ->
          new RequestFailed(
              ProblemType.INVALID_API_KEY, "The API key is unknown, expired or revoked.");
      case 403 -> new RequestFailed(ProblemType.PERMISSION_DENIED, "This key may not do that.");
      case 404 ->
          new RequestFailed(
              ProblemType.UNKNOWN_URL, "Unknown request URL: " + method + " " + path(request));
      case 405 ->
          new RequestFailed(
              ProblemType.METHOD_NOT_ALLOWED, method + " is not offered at " + path(request));
      case 406 ->
          new RequestFailed(ProblemType.NOT_ACCEPTABLE, "Nothing here matches the Accept header.");
      case 413 -> new RequestFailed(ProblemType.TOO_LARGE, "The request is too large.");
      case 415 ->
          new RequestFailed(
              ProblemType.UNSUPPORTED_MEDIA_TYPE,
              "This route does not read that Content-Type; send application/json.");
      case 416 -> new RequestFailed(ProblemType.RANGE_NOT_SATISFIABLE, "No such range.");
      case 503 -> new RequestFailed(ProblemType.UNAVAILABLE, "Not available now.");
      default ->
          status >= 400 && status < 500
              ? new RequestFailed(ProblemType.INVALID_REQUEST, "The request is not valid.")
              : new RequestFailed(
                  ProblemType.INTERNAL,
                  "Graft failed to answer; the x-request-id leads to its log.");
    };
  }

  private static String path(HttpServletRequest request) {
    Object original = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI);
    return original == null ? request.getRequestURI() : original.toString();
  }
}
