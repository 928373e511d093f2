package dev.graft.openapi;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Locale;
import java.util.stream.Collectors;
import org.springframework.context.annotation.Profile;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ContentCachingRequestWrapper;
import org.springframework.web.util.UriComponentsBuilder;

/**
 * In every server that a test starts, around everything: each answer of the public API is held
 * against the document, whoever asked. What differs fails the test, see {@link Differences}.
 */
@Component
@Profile("server")
@Order(Ordered.HIGHEST_PRECEDENCE)
class WatchedAnswers extends OncePerRequestFilter {
  private static final int MOST = 4 << 20;

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    String path = request.getRequestURI();
    return !path.startsWith("/v1/")
        || path.startsWith("/v1/test/")
        || request.getMethod().equals("OPTIONS");
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    ContentCachingRequestWrapper asked = new ContentCachingRequestWrapper(request, MOST);
    CopiedResponse answered = new CopiedResponse(response, MOST);
    boolean json = Exchange.media(request.getContentType()).equals("application/json");
    long number = Differences.begin();
    try {
      chain.doFilter(json ? asked : request, answered);
      if (answered.whole()) {
        Exchange exchange = exchange(request, asked, answered);
        DocumentedExchange.problems(ApiDocument.graft(), exchange).forEach(Differences::add);
        OpenAiSchemas.problems(exchange).forEach(Differences::add);
      }
    } finally {
      Differences.end(number);
    }
  }

  private static Exchange exchange(
      HttpServletRequest request, ContentCachingRequestWrapper asked, CopiedResponse answered) {
    return new Exchange(
        request.getMethod(),
        request.getRequestURI(),
        // Not getParameterMap: it would read a form's body.
        UriComponentsBuilder.newInstance()
            .query(request.getQueryString())
            .build()
            .getQueryParams()
            .keySet()
            .stream()
            .map(name -> name.replace("%5B", "[").replace("%5D", "]"))
            .collect(Collectors.toSet()),
        request.getContentType(),
        asked.getContentAsByteArray(),
        answered.getStatus(),
        answered.getContentType(),
        answered.getHeaderNames().stream()
            .map(name -> name.toLowerCase(Locale.ROOT))
            .collect(Collectors.toSet()),
        request.getMethod().equals("HEAD") ? new byte[0] : answered.copy());
  }
}
