package dev.graft.platform;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.HandlerMapping;

/**
 * Creates a span for each request to the API, which continues the caller's trace. Requests of
 * workers, which poll all the time, get a span only if they belong to the trace of a job.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
final class TracedRequests extends OncePerRequestFilter {
  private static final String HEADER = "traceparent";
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private final Traces traces;

  TracedRequests(Traces traces) {
    this.traces = traces;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    if (!traces.on()) return true;
    String path = request.getRequestURI();
    boolean ofAJob = path.startsWith("/worker/") && request.getHeader(HEADER) != null;
    return !ofAJob && !path.startsWith("/v1/");
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    // A client may send any method.
    String method = METHODS.contains(request.getMethod()) ? request.getMethod() : "_OTHER";
    Span span =
        traces
            .begin(method, Span.Kind.SERVER, request.getHeader(HEADER))
            .put("http.request.method", method)
            .put("url.scheme", request.getScheme())
            .put("graft.request_id", RequestIds.current());
    boolean answered = false;
    try {
      chain.doFilter(request, response);
      answered = true;
    } finally {
      route(span, method, request.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE));
      end(span, answered ? response.getStatus() : 500);
    }
  }

  private static void route(Span span, String method, @Nullable Object route) {
    if (route == null) return;
    span.rename(method + " " + route);
    span.put("http.route", route.toString());
  }

  private static void end(Span span, int status) {
    span.put("http.response.status_code", status);
    if (status >= 500) span.failed(Integer.toString(status));
    span.close();
  }
}
