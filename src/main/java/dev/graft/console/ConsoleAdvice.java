package dev.graft.console;

import dev.graft.tenancy.Identity;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.catalina.connector.ClientAbortException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.TypeMismatchException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.servlet.ModelAndView;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Adds the visitor to every page, and renders errors. */
@ControllerAdvice(basePackageClasses = ConsoleAdvice.class)
@Order(Ordered.HIGHEST_PRECEDENCE)
class ConsoleAdvice {
  private static final Logger log = LoggerFactory.getLogger(ConsoleAdvice.class);

  @ModelAttribute("visitor")
  @Nullable Visitor visitor(@AuthenticationPrincipal @Nullable Identity caller) {
    return caller == null ? null : new Visitor(caller);
  }

  /**
   * Handles an invalid request, a disconnected browser, or an internal error, which is logged with
   * the request's id.
   */
  @ExceptionHandler
  @Nullable ModelAndView failed(
      Exception failure,
      @AuthenticationPrincipal @Nullable Identity caller,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    if (isTheBrowserGone(failure) || response.isCommitted()) {
      log.atDebug().setCause(failure).log("page_left");
      return null;
    }
    int status = status(failure);
    if (status >= 500) log.atError().setCause(failure).log("page_failed");
    String sentence =
        status >= 500
            ? "An internal error occurred. Use the id below to find it in the server's log."
            : "The address or the form of this page is not valid.";
    return refused(
        new PageRefused(status, sentence, List.of(), response.getHeader("x-request-id")),
        caller,
        request,
        response);
  }

  private static int status(Exception failure) {
    if (failure instanceof ErrorResponse known) return known.getStatusCode().value();
    return failure instanceof TypeMismatchException ? HttpServletResponse.SC_BAD_REQUEST : 500;
  }

  /** Returns whether the browser disconnected, also as the cause of a client's exception. */
  private static boolean isTheBrowserGone(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
        .anyMatch(ClientAbortException.class::isInstance);
  }

  /**
   * Renders a refusal in the requesting part or as a page; redirects to the sign-in if the session
   * has ended.
   */
  @ExceptionHandler
  @Nullable ModelAndView refused(
      PageRefused refused,
      @AuthenticationPrincipal @Nullable Identity caller,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    if (refused.status() == HttpServletResponse.SC_UNAUTHORIZED) {
      ConsoleSecurity.signIn(request, response);
      return null;
    }
    boolean part = request.getHeader("hx-request") != null;
    // htmx does not show errors itself, so a part is answered with 200.
    if (!part) response.setStatus(refused.status());
    // Replaces the target's content only, because its attributes repeat the request.
    if (part) response.setHeader("hx-reswap", "innerHTML");
    ModelAndView page = new ModelAndView(part ? "refused :: notice" : "refused");
    page.addObject("refused", refused);
    page.addObject("visitor", caller == null ? null : new Visitor(caller));
    return page;
  }

  /** Pages for unknown addresses and outdated forms. */
  @Controller
  static class NoSuchPageController {
    /** Handles all other addresses under the console. */
    @GetMapping("/console/**")
    String any() {
      throw PageRefused.notFound("page");
    }

    /** Handles a form whose token no longer matches the browser's cookie. */
    @RequestMapping(ConsoleSecurity.STALE)
    String stale() {
      throw new PageRefused(
          HttpStatus.FORBIDDEN.value(),
          "The page was open for too long, so nothing was changed. Go back, reload the page and"
              + " submit it again.",
          List.of(),
          null);
    }
  }

  /** An answer of the API other than 2xx, with the API's message. */
  static final class PageRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * @param at a JSON path, or the line of a file
     */
    public record Detail(@Nullable String at, String message) {}

    private final int status;
    private final transient List<Detail> findings;
    private final @Nullable String requestId;

    public PageRefused(
        int status, String message, List<Detail> findings, @Nullable String requestId) {
      super(message);
      this.status = status;
      this.findings = List.copyOf(findings);
      this.requestId = requestId;
    }

    /** Returns a refusal for something that does not exist. */
    public static PageRefused notFound(String what) {
      return new PageRefused(404, "There is no such " + what + ".", List.of(), null);
    }

    /** Reads an error envelope. */
    static PageRefused of(ClientHttpResponse answer) throws IOException {
      int status = answer.getStatusCode().value();
      String requestId = answer.getHeaders().getFirst("x-request-id");
      byte[] body = answer.getBody().readAllBytes();
      try {
        JsonNode error = JsonMapper.shared().readTree(body).path("error");
        List<Detail> findings =
            error.path("errors").valueStream().map(PageRefused::finding).toList();
        String message = error.path("message").asString("The server gave no reason.");
        return new PageRefused(status, message, findings, requestId);
      } catch (JacksonException e) {
        return new PageRefused(status, "The server gave no reason.", List.of(), requestId);
      }
    }

    private static Detail finding(JsonNode error) {
      String at = error.path("path").asString("");
      if (at.isEmpty() && error.path("line").isNumber()) at = "line " + error.path("line").asLong();
      return new Detail(at.isEmpty() ? null : at, error.path("message").asString(""));
    }

    public int status() {
      return status;
    }

    public List<Detail> findings() {
      return findings;
    }

    /** Returns the id with which operators find the request in the log. */
    public @Nullable String requestId() {
      return requestId;
    }
  }
}
