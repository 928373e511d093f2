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
 * Gives every answer an {@code x-request-id}, which SDKs show with an error and the log carries.
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

  /** Of the request that this thread works on, or null. */
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
