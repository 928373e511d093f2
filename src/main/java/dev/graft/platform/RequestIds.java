package dev.graft.platform;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Adds an {@code x-request-id} to every answer, which SDKs show with errors and log lines contain.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
public class RequestIds extends OncePerRequestFilter {
  private static final String HEADER = "x-request-id";
  private static final String LOGGED = "request";
  private final Ids ids;

  RequestIds(Ids ids) {
    this.ids = ids;
  }

  /** Returns the id of this thread's request, or null. */
  public static @Nullable String current() {
    return MDC.get(LOGGED);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String id = ids.next("req_");
    response.setHeader(HEADER, id);
    try (MDC.MDCCloseable scope = MDC.putCloseable(LOGGED, id)) {
      chain.doFilter(request, response);
    }
  }
}
