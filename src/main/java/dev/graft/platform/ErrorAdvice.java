package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.async.AsyncRequestNotUsableException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Renders every error of every route as the OpenAI envelope, whatever the client accepts. */
@RestControllerAdvice
@Profile("server")
class ErrorAdvice {
  private static final Logger log = LoggerFactory.getLogger(ErrorAdvice.class);

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> known(ProblemException problem) {
    return render(problem);
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> unreadable(HttpMessageNotReadableException unreadable) {
    return unreadable.getCause() instanceof JacksonException json
        ? json(json)
        : render(
            new ProblemException(ProblemType.INVALID_REQUEST, "The request has no readable body"));
  }

  /** Bad JSON says the line and column; a wrong or unknown key says its path. */
  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> json(JacksonException json) {
    if (json instanceof UnrecognizedPropertyException unknown) {
      String path = JsonPaths.of(unknown);
      return render(
          new ProblemException(ProblemType.UNKNOWN_PARAMETER, "Unknown key: " + path, path));
    }
    if (json instanceof DatabindException wrong
        && !(json.getCause() instanceof StreamReadException)) {
      String path = JsonPaths.of(wrong);
      return render(ProblemException.invalid(path, "Wrong type or value at " + path));
    }
    String where =
        json.getLocation() == null
            ? ""
            : " at line "
                + json.getLocation().getLineNr()
                + ", column "
                + json.getLocation().getColumnNr();
    return render(
        new ProblemException(ProblemType.INVALID_JSON, "The body is not valid JSON" + where));
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> mismatch(MethodArgumentTypeMismatchException wrong) {
    return render(
        ProblemException.invalid(wrong.getName(), "Wrong value for parameter " + wrong.getName()));
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> denied(AccessDeniedException denied) {
    return render(new ProblemException(ProblemType.PERMISSION_DENIED, "This key may not do that"));
  }

  /** The client went away while its answer was written: nobody is left to tell. */
  @ExceptionHandler
  void gone(AsyncRequestNotUsableException gone) {
    log.atDebug().log("client_gone");
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> other(Exception other, HttpServletRequest request) {
    if (other instanceof ErrorResponse response) {
      return render(forStatus(response.getStatusCode().value(), request), response.getHeaders());
    }
    log.atError()
        .addKeyValue("method", request.getMethod())
        .addKeyValue("path", request.getRequestURI())
        .setCause(other)
        .log("request_failed");
    return render(forStatus(500, request));
  }

  static ProblemException forStatus(int status, HttpServletRequest request) {
    String method = request.getMethod();
    return switch (status) {
      case 404 ->
          new ProblemException(
              ProblemType.UNKNOWN_URL, "Unknown request URL: " + method + " " + path(request));
      case 405 ->
          new ProblemException(ProblemType.METHOD_NOT_ALLOWED, method + " is not offered here");
      case 406 ->
          new ProblemException(ProblemType.NOT_ACCEPTABLE, "No representation matches Accept");
      case 413 -> new ProblemException(ProblemType.TOO_LARGE, "The request is too large");
      case 415 ->
          new ProblemException(
              ProblemType.UNSUPPORTED_MEDIA_TYPE, "Content-Type is not one that this route reads");
      case 416 -> new ProblemException(ProblemType.RANGE_NOT_SATISFIABLE, "No such range");
      case 503 -> new ProblemException(ProblemType.UNAVAILABLE, "Not available now");
      default ->
          status >= 400 && status < 500
              ? new ProblemException(ProblemType.INVALID_REQUEST, "The request is not valid")
              : new ProblemException(ProblemType.INTERNAL, "Something failed on our side");
    };
  }

  private static String path(HttpServletRequest request) {
    Object original = request.getAttribute("jakarta.servlet.error.request_uri");
    return original == null ? request.getRequestURI() : original.toString();
  }

  static ResponseEntity<ErrorEnvelope> render(ProblemException problem) {
    return render(problem, HttpHeaders.EMPTY);
  }

  private static ResponseEntity<ErrorEnvelope> render(
      ProblemException problem, @Nullable HttpHeaders more) {
    ResponseEntity.BodyBuilder response =
        ResponseEntity.status(HttpStatusCode.valueOf(problem.type().status()))
            .contentType(MediaType.APPLICATION_JSON);
    List<String> allow = more == null ? null : more.get(HttpHeaders.ALLOW);
    if (allow != null) response.header(HttpHeaders.ALLOW, allow.toArray(String[]::new));
    // Every SDK sends a 409 again by itself; only a request in progress is worth that.
    if (problem.type().status() == 409 && problem.retryAfter().isEmpty()) {
      response.header("x-should-retry", "false");
    }
    problem
        .retryAfter()
        .ifPresent(
            delay -> response.header(HttpHeaders.RETRY_AFTER, Long.toString(delay.toSeconds())));
    return response.body(ErrorEnvelope.of(problem));
  }
}
