package dev.graft.platform;

import dev.graft.spec.Nearest;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.tomcat.util.http.InvalidParameterException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.async.AsyncRequestNotUsableException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Renders every error as the OpenAI envelope, whatever the client accepts. */
@RestControllerAdvice
class ErrorAdvice {
  private static final Logger log = LoggerFactory.getLogger(ErrorAdvice.class);

  /** PostgreSQL's character_not_in_repertoire and untranslatable_character. */
  private static final Set<String> UNSTORABLE = Set.of("22021", "22P05");

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> known(RequestFailed problem, HttpServletRequest request) {
    ErrorAttributes.set(request, problem);
    return render(problem);
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> unreadable(HttpMessageNotReadableException unreadable) {
    return render(
        unreadable.getCause() instanceof JacksonException json
            ? JsonProblems.of(json)
            : new RequestFailed(
                ProblemType.INVALID_REQUEST,
                "The request body is missing or is not readable JSON."));
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> json(JacksonException json) {
    return render(JsonProblems.of(json));
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> invalid(MethodArgumentNotValidException invalid) {
    List<ErrorDetail> findings =
        invalid.getFieldErrors().stream()
            .map(e -> ErrorDetail.at(e.getField(), String.valueOf(e.getDefaultMessage())))
            .toList();
    String param = findings.isEmpty() ? null : findings.getFirst().path();
    String message =
        findings.isEmpty()
            ? "The request is not valid."
            : "Invalid '" + param + "': " + findings.getFirst().message() + ".";
    return render(new RequestFailed(ProblemType.INVALID_VALUE, message, param, findings));
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> mismatch(MethodArgumentTypeMismatchException wrong) {
    String name = wrong.getName();
    return render(RequestFailed.invalid(name, "Wrong value for parameter '" + name + "'."));
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> missing(MissingServletRequestParameterException missing) {
    String name = missing.getParameterName();
    return render(
        new RequestFailed(
            ProblemType.MISSING_PARAMETER, "Missing required parameter: '" + name + "'.", name));
  }

  @ExceptionHandler
  ResponseEntity<ErrorEnvelope> denied(AccessDeniedException denied) {
    return render(
        new RequestFailed(
            ProblemType.PERMISSION_DENIED, "This key does not have permission to do that."));
  }

  /**
   * Handles a query that cannot be parsed, such as {@code ?=x}, or a name with control characters.
   */
  @ExceptionHandler({InvalidParameterException.class, RequestRejectedException.class})
  ResponseEntity<ErrorEnvelope> malformed() {
    return render(new RequestFailed(ProblemType.INVALID_REQUEST, "The query is malformed."));
  }

  /** Handles text with U+0000, which PostgreSQL cannot store as text or in JSON. */
  @ExceptionHandler
  @Nullable ResponseEntity<ErrorEnvelope> unstorable(
      DataAccessException refused, HttpServletRequest request, HttpServletResponse response) {
    return refused.getMostSpecificCause() instanceof SQLException cause
            && UNSTORABLE.contains(String.valueOf(cause.getSQLState()))
        ? render(
            new RequestFailed(
                ProblemType.INVALID_VALUE,
                "A text in this request contains the character U+0000, which cannot be stored."))
        : other(refused, request, response);
  }

  /** Handles a client that disconnected while its answer was written. */
  @ExceptionHandler
  void gone(AsyncRequestNotUsableException gone) {
    log.atDebug().log("client_gone");
  }

  @ExceptionHandler
  @Nullable ResponseEntity<ErrorEnvelope> other(
      Exception other, HttpServletRequest request, HttpServletResponse response) {
    if (other instanceof ErrorResponse known) {
      int status = known.getStatusCode().value();
      return render(StatusProblems.of(status, request), known.getHeaders());
    }
    log.atError()
        .addKeyValue("method", request.getMethod())
        .addKeyValue("path", request.getRequestURI())
        .setCause(other)
        .log("request_failed");
    if (response.isCommitted()) {
      return cut(response);
    }
    return render(StatusProblems.of(500, request));
  }

  /** Drops the connection of an answer that failed half way, so that it does not look complete. */
  private static @Nullable ResponseEntity<ErrorEnvelope> cut(HttpServletResponse response) {
    try {
      response.getOutputStream().close();
    } catch (IOException | IllegalStateException alreadyBroken) {
      log.atDebug().log("client_gone");
    }
    return null;
  }

  static ResponseEntity<ErrorEnvelope> render(RequestFailed problem) {
    return render(problem, HttpHeaders.EMPTY);
  }

  private static ResponseEntity<ErrorEnvelope> render(RequestFailed problem, HttpHeaders more) {
    ResponseEntity.BodyBuilder response =
        ResponseEntity.status(HttpStatusCode.valueOf(problem.type().status()))
            .contentType(MediaType.APPLICATION_JSON);
    List<String> allow = more.get(HttpHeaders.ALLOW);
    if (allow != null) {
      response.header(HttpHeaders.ALLOW, allow.toArray(String[]::new));
    }
    problem.headers().forEach(response::header);
    return response.body(ErrorEnvelope.of(problem));
  }

  /** Handles errors that the container or a filter raises outside any controller. */
  @RestController
  static class ErrorRoute implements ErrorController {
    @RequestMapping("/error")
    ResponseEntity<ErrorEnvelope> error(HttpServletRequest request) {
      int status =
          request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer code
              ? code
              : 404;
      return ErrorAdvice.render(StatusProblems.of(status, request));
    }
  }

  /** Describes errors in a JSON body: syntax errors by line and column, others by path. */
  static final class JsonProblems {
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
              ? "The body contains a key twice"
              : "The body is not valid JSON";
      return new RequestFailed(ProblemType.INVALID_JSON, what + where(wrong.getLocation()) + ".");
    }

    private static String meant(UnrecognizedPropertyException unknown) {
      Collection<Object> known = unknown.getKnownPropertyIds();
      if (known == null) return "";
      return Nearest.sentence(
          unknown.getPropertyName(), known.stream().map(String::valueOf).toList());
    }

    /**
     * Returns a path such as {@code adapter.peft.r} or {@code messages[2].role}; {@code $} is the
     * whole body.
     */
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

  /** Describes a plain HTTP status that Spring or the container chose. */
  static final class StatusProblems {
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
            new RequestFailed(
                ProblemType.UNAVAILABLE, "The service is not available at the moment.");
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
}
