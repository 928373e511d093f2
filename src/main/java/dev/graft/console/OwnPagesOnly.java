package dev.graft.console;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Refuses what a page of another site makes a browser send. Browsers say whose page it was by
 * {@code Sec-Fetch-Site} (W3C Fetch Metadata) where the connection is encrypted or local, else by
 * {@code Origin}. A page of another host of the same domain is another site's, too.
 */
final class OwnPagesOnly extends OncePerRequestFilter {
  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

  /** Its own pages, or the person by the browser itself. */
  private static final Set<String> OWN = Set.of("same-origin", "none");

  private final AccessDeniedHandler refusal;

  OwnPagesOnly(AccessDeniedHandler refusal) {
    this.refusal = refusal;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return READS.contains(request.getMethod());
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (own(request)) chain.doFilter(request, response);
    else refusal.handle(request, response, new AccessDeniedException("a page of another site"));
  }

  /** Neither header: no browser of today, and the token of the form decides. */
  private static boolean own(HttpServletRequest request) {
    String site = request.getHeader("sec-fetch-site");
    if (site != null) return OWN.contains(site);
    String origin = request.getHeader(HttpHeaders.ORIGIN);
    return origin == null || isHost(origin, request.getHeader(HttpHeaders.HOST));
  }

  /** The scheme may be that of a proxy. */
  private static boolean isHost(String origin, @Nullable String host) {
    try {
      String from = URI.create(origin).getAuthority();
      return from != null && from.equalsIgnoreCase(host);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
