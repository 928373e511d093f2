package dev.graft.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.security.web.csrf.CsrfTokenRepository;

/**
 * Names of the console's cookies: its own, since other services on this host may use Spring's.
 * Under TLS with the prefix {@code __Host-} (RFC 6265bis), so that no other host of the domain and
 * no plain connection can plant one.
 */
final class ConsoleCookies {
  private ConsoleCookies() {}

  /** Name of the session's. */
  static String session(HttpServletRequest request) {
    return named("graft_session", request.isSecure());
  }

  private static String named(String name, boolean secure) {
    return secure ? "__Host-" + name : name;
  }

  /** The tokens of forms. */
  static CsrfTokenRepository formTokens() {
    CookieCsrfTokenRepository plain = formTokens(false);
    CookieCsrfTokenRepository secure = formTokens(true);
    return new CsrfTokenRepository() {
      @Override
      public CsrfToken generateToken(HttpServletRequest request) {
        return of(request).generateToken(request);
      }

      @Override
      public void saveToken(
          @Nullable CsrfToken token, HttpServletRequest request, HttpServletResponse response) {
        of(request).saveToken(token, request, response);
      }

      @Override
      public @Nullable CsrfToken loadToken(HttpServletRequest request) {
        return of(request).loadToken(request);
      }

      private CsrfTokenRepository of(HttpServletRequest request) {
        return request.isSecure() ? secure : plain;
      }
    };
  }

  private static CookieCsrfTokenRepository formTokens(boolean secure) {
    CookieCsrfTokenRepository tokens = new CookieCsrfTokenRepository();
    tokens.setCookieName(named("graft_csrf", secure));
    tokens.setCookiePath(secure ? "/" : "/console"); // the prefix asks for the whole host
    tokens.setCookieCustomizer(cookie -> cookie.sameSite("Lax").secure(secure));
    return tokens;
  }
}
