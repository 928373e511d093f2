package dev.graft.console;

import dev.graft.platform.BearerAuthenticator;
import dev.graft.platform.BearerFilter;
import dev.graft.platform.FailedAuthentications;
import dev.graft.tenancy.WebSessions;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.authentication.session.NullAuthenticatedSessionStrategy;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.csrf.CsrfFilter;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.security.web.csrf.CsrfTokenRepository;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.UriUtils;
import org.springframework.web.util.WebUtils;

/** The console's security chain: a cookie instead of a header, and a CSRF token in every form. */
@Configuration(proxyBeanMethods = false)
class ConsoleSecurity {
  static final String SIGN_IN = "/console/sign-in";
  static final String STALE = "/console/stale";

  /** Everything is loaded from this server; no inline scripts, no frames. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

  @Bean
  @Order(90)
  SecurityFilterChain consolePages(
      HttpSecurity http, List<BearerAuthenticator> authenticators, FailedAuthentications failures)
      throws Exception {
    return http.securityMatcher("/", "/favicon.ico", "/console", "/console/**")
        .csrf(
            csrf ->
                csrf.csrfTokenRepository(ConsoleCookies.formTokens())
                    // Every request authenticates by its cookie, which must not replace the CSRF
                    // token.
                    .sessionAuthenticationStrategy(new NullAuthenticatedSessionStrategy()))
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .httpBasic(AbstractHttpConfigurer::disable)
        .formLogin(AbstractHttpConfigurer::disable)
        .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .headers(ConsoleSecurity::ownThingsOnly)
        .addFilterBefore(
            new BearerFilter(BearerAuthenticator.ofTheApi(authenticators), failures),
            AnonymousAuthenticationFilter.class)
        .addFilterBefore(new CookieAsBearer(), BearerFilter.class)
        .addFilterBefore(
            new OwnPagesOnly((request, response, e) -> stale(request, response)), CsrfFilter.class)
        .authorizeHttpRequests(
            requests ->
                requests
                    .dispatcherTypeMatchers(
                        DispatcherType.ERROR, DispatcherType.ASYNC, DispatcherType.FORWARD)
                    .permitAll()
                    .requestMatchers("/", "/favicon.ico", SIGN_IN, "/console/assets/**")
                    .permitAll()
                    .anyRequest()
                    .authenticated())
        .exceptionHandling(
            handling ->
                handling
                    .authenticationEntryPoint((request, response, e) -> signIn(request, response))
                    .accessDeniedHandler((request, response, e) -> stale(request, response)))
        .build();
  }

  private static void ownThingsOnly(HeadersConfigurer<HttpSecurity> headers) {
    headers
        .contentSecurityPolicy(policy -> policy.policyDirectives(POLICY))
        .referrerPolicy(policy -> policy.policy(ReferrerPolicy.SAME_ORIGIN));
  }

  /** Answers a form whose CSRF token does not match, because the cookie expired or changed. */
  private static void stale(HttpServletRequest request, HttpServletResponse response)
      throws IOException, ServletException {
    if (request.getRequestURI().equals(SIGN_IN)) {
      signIn(request, response);
    } else {
      request.getRequestDispatcher(STALE).forward(request, response);
    }
  }

  /**
   * Redirects to the sign-in page, which returns to this page afterwards; also for requests of
   * htmx.
   */
  static void signIn(HttpServletRequest request, HttpServletResponse response) throws IOException {
    boolean part = request.getHeader("hx-request") != null;
    String back = part ? request.getHeader("hx-current-url") : page(request);
    String to = SIGN_IN + (back == null ? "" : "?to=" + encoded(Destination.of(back)));
    if (part) {
      response.setHeader("hx-redirect", to);
      response.setStatus(HttpServletResponse.SC_NO_CONTENT);
    } else {
      response.sendRedirect(to);
    }
  }

  private static String encoded(String path) {
    return UriUtils.encodeQueryParam(path, StandardCharsets.UTF_8).replace("&", "%26");
  }

  private static String page(HttpServletRequest request) {
    if (!request.getMethod().equals("GET")) return Destination.HOME;
    String query = request.getQueryString();
    return request.getRequestURI() + (query == null ? "" : "?" + query);
  }

  /**
   * The console's cookies. They do not use Spring's names, because other services on this host may.
   * Under TLS they have the prefix {@code __Host-} (RFC 6265bis), so that other hosts of the domain
   * and plain connections cannot set them.
   */
  static final class ConsoleCookies {
    private ConsoleCookies() {}

    /** Returns the name of the session cookie. */
    static String session(HttpServletRequest request) {
      return named("graft_session", request.isSecure());
    }

    private static String named(String name, boolean secure) {
      return secure ? "__Host-" + name : name;
    }

    /** Returns the repository of CSRF tokens. */
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
      tokens.setCookiePath(secure ? "/" : "/console"); // the prefix requires this path
      tokens.setCookieCustomizer(cookie -> cookie.sameSite("Lax").secure(secure));
      return tokens;
    }
  }

  /** Turns the session cookie into an Authorization header. */
  static final class CookieAsBearer extends OncePerRequestFilter {
    @Override
    protected void doFilterInternal(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws ServletException, IOException {
      chain.doFilter(new WithHeader(request, token(request)), response);
    }

    /** Returns the session's token; null without a session. */
    static @Nullable String token(HttpServletRequest request) {
      var cookie = WebUtils.getCookie(request, ConsoleSecurity.ConsoleCookies.session(request));
      return cookie == null || cookie.getValue().isBlank() ? null : cookie.getValue();
    }

    /**
     * Sets the cookie; scripts cannot read it, and requests from other sites do not have it, except
     * links.
     */
    static void set(HttpServletRequest request, HttpServletResponse response, String token) {
      write(response, cookie(request, token).maxAge(WebSessions.LIFETIME).build());
    }

    static void remove(HttpServletRequest request, HttpServletResponse response) {
      write(response, cookie(request, "").maxAge(0).build());
    }

    private static ResponseCookie.ResponseCookieBuilder cookie(
        HttpServletRequest request, String value) {
      return ResponseCookie.from(ConsoleSecurity.ConsoleCookies.session(request), value)
          .path("/")
          .httpOnly(true)
          .secure(request.isSecure())
          .sameSite("Lax");
    }

    private static void write(HttpServletResponse response, ResponseCookie cookie) {
      response.addHeader(HttpHeaders.SET_COOKIE, cookie.toString());
    }

    /** Replaces the Authorization header, ignoring the browser's own. */
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

  /**
   * Refuses requests from pages of other sites, including other hosts of the same domain. Browsers
   * identify the page's site by {@code Sec-Fetch-Site} (W3C Fetch Metadata) on encrypted or local
   * connections, else by {@code Origin}.
   */
  static final class OwnPagesOnly extends OncePerRequestFilter {
    private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

    /** Requests from the console's pages, or entered by the user. */
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
      else
        refusal.handle(request, response, new AccessDeniedException("request from another site"));
    }

    /**
     * Returns whether the request is from this site; without either header, the CSRF token decides.
     */
    private static boolean own(HttpServletRequest request) {
      String site = request.getHeader("sec-fetch-site");
      if (site != null) return OWN.contains(site);
      String origin = request.getHeader(HttpHeaders.ORIGIN);
      return origin == null || isHost(origin, request.getHeader(HttpHeaders.HOST));
    }

    /** Compares host and port; the scheme may differ behind a proxy. */
    private static boolean isHost(String origin, @Nullable String host) {
      try {
        String from = URI.create(origin).getAuthority();
        return from != null && from.equalsIgnoreCase(host);
      } catch (IllegalArgumentException e) {
        return false;
      }
    }
  }

  /** The page to go to after signing in; always a page of the console. */
  static final class Destination {
    /** Redirects to the user's first page. */
    static final String HOME = "/console";

    private Destination() {}

    /**
     * @param wanted a path, or a URL of which only the path is used
     */
    static String of(@Nullable String wanted) {
      if (wanted == null) return HOME;
      try {
        URI uri = new URI(wanted).normalize();
        String path = uri.getRawPath();
        if (path == null || !path.startsWith("/console/")) return HOME;
        return uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
      } catch (java.net.URISyntaxException e) {
        return HOME;
      }
    }
  }
}
