package dev.graft.platform;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;

/** Describes a plain HTTP status that Spring or the container chose. */
final class StatusProblems {
  private StatusProblems() {}

  public static RequestFailed of(int status, HttpServletRequest request) {
    String method = request.getMethod();
    return switch (status) {
      case 401 ->
          new RequestFailed(
              ProblemType.INVALID_API_KEY, "The API key is unknown, expired or revoked.");
      case 403 ->
          new RequestFailed(
              ProblemType.PERMISSION_DENIED, "This key does not have permission to do that.");
      case 404 ->
          new RequestFailed(
              ProblemType.UNKNOWN_URL, "Unknown request URL: " + method + " " + path(request));
      case 405 ->
          new RequestFailed(
              ProblemType.METHOD_NOT_ALLOWED, method + " is not supported at " + path(request));
      case 406 ->
          new RequestFailed(
              ProblemType.NOT_ACCEPTABLE, "No representation matches the Accept header.");
      case 413 -> new RequestFailed(ProblemType.TOO_LARGE, "The request is too large.");
      case 415 ->
          new RequestFailed(
              ProblemType.UNSUPPORTED_MEDIA_TYPE,
              "This route does not support that Content-Type; send application/json.");
      case 416 ->
          new RequestFailed(
              ProblemType.RANGE_NOT_SATISFIABLE, "The requested range does not exist.");
      case 503 ->
          new RequestFailed(ProblemType.UNAVAILABLE, "The service is not available at the moment.");
      default ->
          status >= 400 && status < 500
              ? new RequestFailed(ProblemType.INVALID_REQUEST, "The request is not valid.")
              : new RequestFailed(
                  ProblemType.INTERNAL,
                  "An internal error occurred. Use the x-request-id to find it in the server's"
                      + " log.");
    };
  }

  private static String path(HttpServletRequest request) {
    Object original = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI);
    return original == null ? request.getRequestURI() : original.toString();
  }
}
