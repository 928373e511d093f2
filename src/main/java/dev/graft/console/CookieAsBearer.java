package dev.graft.console;

import dev.graft.tenancy.WebSessions;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.WebUtils;

/** The cookie of a browser that is signed in, read as the header that other clients send. */
final class CookieAsBearer extends OncePerRequestFilter {
  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    chain.doFilter(new WithHeader(request, token(request)), response);
  }

  /** Null where nobody is signed in. */
  static @Nullable String token(HttpServletRequest request) {
    var cookie = WebUtils.getCookie(request, ConsoleCookies.session(request));
    return cookie == null || cookie.getValue().isBlank() ? null : cookie.getValue();
  }

  /** Scripts cannot read it; other sites' requests, but for links to here, do not have it. */
  static void set(HttpServletRequest request, HttpServletResponse response, String token) {
    write(response, cookie(request, token).maxAge(WebSessions.LIFETIME).build());
  }

  static void remove(HttpServletRequest request, HttpServletResponse response) {
    write(response, cookie(request, "").maxAge(0).build());
  }

  private static ResponseCookie.ResponseCookieBuilder cookie(
      HttpServletRequest request, String value) {
    return ResponseCookie.from(ConsoleCookies.session(request), value)
        .path("/")
        .httpOnly(true)
        .secure(request.isSecure())
        .sameSite("Lax");
  }

  private static void write(HttpServletResponse response, ResponseCookie cookie) {
    response.addHeader(HttpHeaders.SET_COOKIE, cookie.toString());
  }

  /** A header that the browser sent itself does not count: a session is a cookie. */
  private static final class WithHeader extends HttpServletRequestWrapper {
    private final @Nullable String token;

    WithHeader(HttpServletRequest request, @Nullable String token) {
      super(request);
      this.token = token;
    }

    @Override
    public @Nullable String getHeader(String name) {
      if (!HttpHeaders.AUTHORIZATION.equalsIgnoreCase(name)) return super.getHeader(name);
      return token == null ? null : "Bearer " + token;
    }
  }
}
